/** @file The report, the same in Node and browsers. What reads data sets and runs is left to `@hale/evaluation/node`. */
/** @public */
export { maskOutline } from "./report/mask-outline.ts";
/** @public */
export { RESEARCH_NOTICE, renderReport } from "./report/render-report.ts";
export type * from "./report/report-data.ts";
