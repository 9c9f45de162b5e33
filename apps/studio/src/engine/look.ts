/** @file One image that is looked at: its pixels, kept until another is, and what the detector says of each slice asked for. */
import { HaleError } from "@hale/core";
import { type Detector, examineScan, type Picture } from "@hale/detector";
import {
  type GuardedReader,
  modalityValue,
  partOf,
  type Raster,
  type Scan,
  type SlicedScan,
  sliceScan,
} from "@hale/imaging";
import { type ImageSource, openSource } from "@hale/scoring/web";
import type { ImageView, ShownPicture } from "./views.ts";

export class ImageLook {
  private highest: number | null = null;

  private constructor(
    private readonly id: number,
    private readonly part: number,
    private readonly name: string,
    private readonly detector: Detector,
    private readonly image: { raster: Raster } | { scan: Scan; sliced: SlicedScan },
  ) {}

  /** Reads it. Throws what `openSource` throws, and DETECTOR_MISMATCH for a scan before a detector of pictures. */
  static async open(
    id: number,
    part: number,
    source: ImageSource,
    reader: GuardedReader,
    detector: Detector,
  ): Promise<ImageLook> {
    const opened = (await openSource(source, reader))[part];
    const { file } = source;
    if (!opened) throw new HaleError("IMAGE_UNSUPPORTED", `${file} no longer has that scan.`, "Drop it again.");
    if (opened.kind === "picture") return new ImageLook(id, part, file, detector, { raster: opened.raster });
    const { input } = detector.card;
    if (!input) {
      throw new HaleError(
        "DETECTOR_MISMATCH",
        `${file} is a scan, and the detector was trained on plain pictures.`,
        "Use a detector that was trained on scans.",
      );
    }
    const { scan } = opened;
    return new ImageLook(id, part, file, detector, { scan, sliced: sliceScan(scan, input, file) });
  }

  isOf(id: number, part: number): boolean {
    return this.id === id && this.part === part;
  }

  async view(asked: number | null): Promise<ImageView> {
    if ("raster" in this.image) return this.viewOf(this.image.raster, null, null, 1);
    const { scan, sliced } = this.image;
    const { indices, stack, frame } = sliced;
    const index = asked ?? (await this.highestSlice(scan, indices));
    const { raster } = sliced.picture(index);
    const [across, down] = stack.spacing;
    const pixelAspect = across && down ? down / across : stack.pixelAspect;
    const values = scan.channels === 1 ? valuesOf(scan, sliced, index) : null;
    const padded = frame.fullWidth !== frame.width || frame.fullHeight !== frame.height;
    const slice = scan.size[2] > 1 ? { index, indices, axis: stack.axis } : null;
    return this.viewOf(raster, padded ? null : values, slice, pixelAspect);
  }

  private async highestSlice(scan: Scan, indices: readonly number[]): Promise<number> {
    if (indices.length === 1) return indices[0];
    this.highest ??= (await examineScan(this.detector, scan, { name: this.name })).highest.slice;
    return this.highest;
  }

  private async viewOf(
    raster: Raster,
    values: ImageView["values"],
    slice: ImageView["slice"],
    pixelAspect: number,
  ): Promise<ImageView> {
    const { anomalyMap, healthy, views, score, decision } = await this.detector.examine(raster);
    return {
      picture: shown(raster),
      pixelAspect,
      values,
      map: anomalyMap,
      healthy: healthy && pictureOf(healthy),
      views: Object.fromEntries(Object.entries(views).map(([name, view]) => [name, pictureOf(view)])),
      score,
      decision,
      slice,
    };
  }
}

/** Meaningful values of a slice, in the frame that is shown. */
function valuesOf(scan: Scan, { stack, frame }: SlicedScan, index: number): ImageView["values"] {
  const plane = partOf(stack.plane(index), frame);
  const area = scan.size[0] * scan.size[1];
  const data = new Float32Array(plane.width * plane.height);
  for (let y = 0, at = 0; y < plane.height; y++) {
    let sample = plane.start + y * plane.rowStep;
    for (let x = 0; x < plane.width; x++, at++, sample += plane.columnStep) {
      const transform = scan.modality[scan.modality.length === 1 ? 0 : Math.floor(sample / area)];
      data[at] = modalityValue(transform, scan.stored[sample]);
    }
  }
  return { data, unit: scan.unit };
}

function shown({ width, height, channels, maxValue, data }: Raster): ShownPicture {
  return { width, height, channels, data: Float32Array.from(data, (value) => value / maxValue) };
}

/** From [-1, 1], plane after plane, to [0, 1], interleaved. */
function pictureOf({ width, height, channels, data }: Picture): ShownPicture {
  const area = width * height;
  const out = new Float32Array(data.length);
  for (let i = 0; i < area; i++) {
    for (let c = 0; c < channels; c++) out[i * channels + c] = Math.min(1, Math.max(0, (data[c * area + i] + 1) / 2));
  }
  return { width, height, channels, data: out };
}
