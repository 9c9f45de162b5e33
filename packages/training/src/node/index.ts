/** @file What of training needs files or threads: the Node half of @hale/training. */
export * from "./dataset/index.ts";
