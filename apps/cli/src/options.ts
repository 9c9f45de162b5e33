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

/** A number, a truth value or a list in brackets where the text looks like one, else the text. */
export function parsedValue(text: string): unknown {
  if (text !== "" && Number.isFinite(Number(text))) return Number(text);
  if (text === "true" || text === "false") return text === "true";
  if (!/^\[.*\]$/.test(text)) return text;
  return text
    .slice(1, -1)
    .split(",")
    .filter((part) => part.trim() !== "")
    .map((part) => parsedValue(part.trim()));
}

/** `name=value`, gathered into an object. */
export function setting(text: string, before: Record<string, unknown> = {}): Record<string, unknown> {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("It must be name=value, for example width=8.");
  return { ...before, [text.slice(0, at)]: parsedValue(text.slice(at + 1)) };
}
