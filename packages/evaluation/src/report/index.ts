/** @file The public face of the report. */
export { maskOutline } from "./mask-outline.ts";
export { RESEARCH_NOTICE, renderReport } from "./render-report.ts";
export type * from "./report-data.ts";
