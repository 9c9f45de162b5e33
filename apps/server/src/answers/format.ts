/** @file Which form of answer a request wants: JSON unless it says otherwise. */
import { HttpFault } from "../faults.ts";

export const FORMATS = ["json", "multipart", "zip"] as const;
export type Format = (typeof FORMATS)[number];

const TYPES: Readonly<Record<Format, string>> = {
  json: "application/json",
  multipart: "multipart/related",
  zip: "application/zip",
};

/** By the query, else by the Accept header, of which the largest weight counts, then the order. Throws HttpFault 406. */
export function formatOf(asked: Format | undefined, accept: string | undefined): Format {
  if (asked) return asked;
  let best: { format: Format; weight: number } | null = null;
  for (const range of (accept ?? "*/*").split(",")) {
    const [type, ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    const given = parameters.find((part) => part.startsWith("q="));
    const weight = given === undefined ? 1 : Number(given.slice(2)) || 0;
    const format = FORMATS.find((one) => matches(type, TYPES[one]));
    if (format && weight > (best?.weight ?? 0)) best = { format, weight };
  }
  if (best) return best.format;
  throw new HttpFault(
    406,
    "NOT_ACCEPTABLE",
    "The answer cannot have the form that is asked for.",
    `Accept one of ${Object.values(TYPES).join(", ")}.`,
  );
}

const matches = (range: string, type: string) =>
  range === type || range === "*/*" || (range.endsWith("/*") && type.startsWith(range.slice(0, -1)));
