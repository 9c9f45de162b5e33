/** @file Methods, backbones and superpixels, and what a model gives out. What needs files or threads. */
export { importOnnxFile, listOnnxFile, readBackboneFile, readPlainFolder } from "../backbone/node/read.ts";
