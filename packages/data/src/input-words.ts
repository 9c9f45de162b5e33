/**
 * @file The settings that make images of scans, read from words. The way back is in @hale/imaging, and commands, reports and messages use one form.
 */
import { HaleError } from "@hale/core";
import { checkNormalisation, type Normalisation, SLICE_AXES, type SliceAxis, type SliceSelection } from "@hale/imaging";

const refuse = (what: string, text: string, remedy: string) =>
  new HaleError("OPTION_INVALID", `${what} ${JSON.stringify(text)} is not understood.`, remedy);

/** A plain decimal number; NaN for anything else, also for nothing. */
const numberOf = (text: string | undefined) =>
  text && /^[+-]?(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : Number.NaN;

/**
 * `axial`, `axial:0.2-0.8` (shares of the stack: a point in either number), `axial:40-120` (numbers, both included) or
 * `axial:42`. Throws OPTION_INVALID.
 */
export function parseSlices(text: string): SliceSelection {
  const remedy = "Use axial, coronal, sagittal or stored, and a range: axial:0.2-0.8 (shares), axial:40-120 (numbers).";
  const [name, range, ...rest] = text.split(":");
  const axis = SLICE_AXES.find((one) => one === name) as SliceAxis | undefined;
  if (!axis || rest.length > 0) throw refuse("The choice of slices", text, remedy);
  if (range === undefined) return { axis, unit: "share", from: 0, to: 1 };
  const [low, high = low, ...more] = range.split("-");
  const [from, to] = [numberOf(low), numberOf(high)];
  const unit = `${low}${high}`.includes(".") ? "share" : "index";
  if (!(from <= to) || more.length > 0 || (unit === "share" && to > 1))
    throw refuse("The choice of slices", text, remedy);
  return { axis, unit, from, to };
}

/**
 * `full-scale`, `file`, `window:<centre>,<width>`, `percentile:<low>-<high>`, with `/slice` or `/volume` (the default) and
 * `/foreground` behind. Throws OPTION_INVALID.
 */
export function parseNormalisation(text: string): Normalisation {
  const remedy = "Use full-scale, file, window:40,400 or percentile:0.5-99.5/volume (or /slice, and /foreground).";
  const [kind, values, ...rest] = text.split(":");
  const given = rest.length === 0;
  if (given && values === undefined && (kind === "full-scale" || kind === "file")) return { kind };
  let found: Normalisation | null = null;
  if (given && kind === "window") {
    const [center, width, ...more] = (values ?? "").split(",").map(numberOf);
    if (more.length === 0) found = { kind, center, width };
  }
  if (given && kind === "percentile") {
    const [range, ...flags] = (values ?? "").split("/");
    const [low, high, ...more] = range.split("-").map(numberOf);
    const known = flags.every((flag) => ["slice", "volume", "foreground"].includes(flag));
    if (more.length === 0 && known) {
      found = {
        kind,
        low,
        high,
        per: flags.includes("slice") ? "slice" : "volume",
        foreground: flags.includes("foreground"),
      };
    }
  }
  if (!found || Object.values(found).some((value) => Number.isNaN(value)))
    throw refuse("The normalisation", text, remedy);
  checkNormalisation(found);
  return found;
}
