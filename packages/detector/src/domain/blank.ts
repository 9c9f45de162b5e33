/** @file Images in which there is nothing to see: they are refused instead of scored. */
import { HaleError } from "@hale/core";
import type { Raster } from "@hale/imaging";

/**
 * Throws IMAGE_UNSUPPORTED for a picture of one value, in which there is nothing to see; `name` is the file, for the error.
 */
export function refuseBlank(raster: Pick<Raster, "data" | "channels">, name: string): void {
  if (isBlank(raster))
    throw nothingToSee(name, `holds one value only (${[...raster.data.subarray(0, raster.channels)].join(", ")})`);
}

/** Whether all pixels are the same. */
export function isBlank({ data, channels }: Pick<Raster, "data" | "channels">): boolean {
  for (let i = channels; i < data.length; i++) if (data[i] !== data[i - channels]) return false;
  return true;
}

/** The refusal of an image that shows nothing; `what` says how it is seen. */
export function nothingToSee(name: string, what: string): HaleError {
  return new HaleError(
    "IMAGE_UNSUPPORTED",
    `${name} ${what}, so there is nothing to see in it.`,
    "Check how the image was exported.",
  );
}
