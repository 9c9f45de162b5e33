import { readFileSync } from "node:fs";
import { join } from "node:path";
import { HaleError } from "@hale/core";
import { describe, expect, test } from "vitest";
import { swapRasLps } from "../../volumes/affine.ts";
import { axisCodes } from "../../volumes/orientation.ts";
import { readNifti } from "./read.ts";

const folder = process.env.HALE_DATA && join(process.env.HALE_DATA, "nifti-samples");

interface Entry {
  file: string;
  bytes: number;
  damage?: string;
  error?: string;
  shape: number[];
  qform: number;
  sform: number;
  affine: number[][];
  axes: string;
  scaled: { min: number; max: number; mean: number };
  probe: [number, number][];
}

const index: Entry[] = folder ? JSON.parse(readFileSync(join(folder, "index.json"), "utf8")) : [];
/** Damage that nibabel mends as well, and that hale reads by the same rule. */
const HARMLESS = /--(bitpix|slopenan|pixdim0)\.nii$/;

describe.runIf(folder)("the sample files, as nibabel read them", () => {
  test.each(index.filter((entry) => entry.file.startsWith("valid/")))("$file", async (entry) => {
    const file = await readNifti(readFileSync(join(folder!, entry.file)), entry.file);
    expect(file.shape).toEqual(entry.shape);
    expect([file.qformCode, file.sformCode]).toEqual([entry.qform, entry.sform]);
    const expected = entry.affine.flat();
    for (let i = 0; i < 16; i++) expect(file.affineRas![i]).toBeCloseTo(expected[i], 5);
    expect(axisCodes(swapRasLps(file.affineRas!))).toBe(entry.axes);
    const { slope, intercept } = file.scans[0].modality[0] as { slope: number; intercept: number };
    let [low, high, sum] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
    for (const value of file.stored) {
      const scaled = value * slope + intercept;
      low = Math.min(low, scaled);
      high = Math.max(high, scaled);
      sum += scaled;
    }
    expect(low).toBeCloseTo(entry.scaled.min, 5);
    expect(high).toBeCloseTo(entry.scaled.max, 5);
    expect(sum / file.stored.length).toBeCloseTo(entry.scaled.mean, 5);
    for (const [at, value] of entry.probe) expect(file.stored[at] * slope + intercept).toBeCloseTo(value, 5);
    const length = file.scans[0].stored.length;
    expect(file.scans.length * length).toBe(file.stored.length);
    expect(file.scans.every((scan) => scan.stored.buffer === file.stored.buffer)).toBe(true);
  });

  test.each(index.filter((entry) => !entry.file.startsWith("valid/")))("$file ($damage)", async (entry) => {
    const bytes = readFileSync(join(folder!, entry.file));
    const result = await readNifti(bytes, entry.file).catch((error) => error);
    if (HARMLESS.test(entry.file)) {
      const whole = await readNifti(readFileSync(join(folder!, "valid/anatomical.nii")), "whole");
      expect(result.stored).toEqual(whole.stored);
      expect(result.scans[0]).toEqual(whole.scans[0]);
      return;
    }
    expect(result).toBeInstanceOf(HaleError);
    expect(result.message).toContain(entry.file);
  });
});
