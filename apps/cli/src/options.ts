/**
 * @file Option parsers that answer with a sentence.
 */
import { InvalidArgumentError } from "commander";

export function wholeNumber(low: number, high = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < low || value > high) {
      throw new InvalidArgumentError(
        `It must be a whole number from ${low}${high === Number.MAX_SAFE_INTEGER ? " up" : ` to ${high}`}.`,
      );
    }
    return value;
  };
}

/** A share strictly between 0 and 1; "5%" means 0.05. */
export function rate(text: string): number {
  const value = text.endsWith("%") ? Number(text.slice(0, -1)) / 100 : Number(text);
  if (!(value > 0 && value < 1)) throw new InvalidArgumentError("It must be between 0 and 1, for example 0.05 or 5%.");
  return value;
}

/** `name=value`, gathered into an object; values are numbers where they look like it. */
export function setting(text: string, before: Record<string, unknown> = {}): Record<string, unknown> {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("It must be name=value, for example width=8.");
  const value = text.slice(at + 1);
  return { ...before, [text.slice(0, at)]: value !== "" && Number.isFinite(Number(value)) ? Number(value) : value };
}
