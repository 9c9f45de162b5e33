/**
 * @file All that the command says. Names of files, classes and texts of headers are a stranger's: whatever could move the
 * cursor, ring, or turn the writing round is shown as its number.
 */
import { printable } from "@hale/core";

/** Text of one or more lines. */
const lines = (text: string) => text.split("\n").map(printable).join("\n");

/** A result, to standard output. */
export const print = (text: string): void => console.log(lines(text));

/** A remark, to standard error. */
export const warn = (text: string): void => console.error(lines(text));

/** The same value with every text in it on one line and printable: for tables of which each line is someone's name. */
export function clean<T>(value: T): T {
  if (typeof value === "string") return printable(value) as T;
  if (Array.isArray(value)) return value.map(clean) as T;
  if (value === null || typeof value !== "object" || ArrayBuffer.isView(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, clean(part)])) as T;
}
