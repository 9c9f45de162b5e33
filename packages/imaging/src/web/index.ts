/** @file Files that a page is given, read within budgets of size and time, in a worker of their own. */
/** @public */
export { openGuardedReader, type WebReaderOptions } from "./guarded.ts";
