/**
 * Debian's dicom3tools look over every object: no error, and no warning but those that are known. Skipped where they are
 * not installed, but for CI.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { emptyRaster } from "../../../raster/raster.ts";
import { DICOM_OBJECTS_KNOWN_WARNINGS } from "./dciodvfy-fixture.ts";
import { deidentifySources } from "./deidentify.ts";
import { placeMap } from "./map.ts";
import { parametricMap } from "./parametric-map.ts";
import { secondaryCapture } from "./secondary-capture.ts";
import { segmentation } from "./segmentation.ts";
import { type SourceInstance, sourceInstance } from "./source.ts";
import { ctBytes, ctStack, DETECTOR, fixedMaking, multiFrameBytes, radiographBytes } from "./source-fixture.ts";
import { structuredReport } from "./structured-report.ts";

const installed = Boolean(process.env.CI) || spawnSync("dciodvfy", ["-version"]).error === undefined;

const SOURCES: Record<string, () => SourceInstance[] | Promise<SourceInstance[]>> = {
  "CT slices": () => ctStack(4, 7, 5),
  "a CT slice": () => ctStack(1, 8, 8),
  "an enhanced MR": () => [sourceInstance(multiFrameBytes(3, 7, 5), "mf.dcm")],
  "a capture that has more frames than its class allows": () => [
    sourceInstance(radiographBytes(7, 5, { SOPClassUID: "1.2.840.10008.5.1.4.1.1.7", NumberOfFrames: 2 }), "sc.dcm"),
  ],
  "a radiograph": () => [sourceInstance(radiographBytes(7, 5), "cr.dcm")],
  "a knee, right": () => [
    sourceInstance(radiographBytes(7, 5, { BodyPartExamined: "KNEE", Laterality: "R" }), "cr.dcm"),
  ],
  "a lossy photograph of nothing known": () => [
    sourceInstance(radiographBytes(7, 5, { BodyPartExamined: undefined, LossyImageCompression: "01" }), "a"),
  ],
  "a trial": () => [
    sourceInstance(
      ctBytes(0, 5, 3, { ClinicalTrialSponsorName: "S", ClinicalTrialProtocolID: "P", ClinicalTrialSubjectID: "7" }),
      "a",
    ),
  ],
  "de-identified slices": () => deidentifySources(ctStack(3), { key: new Uint8Array(16), pseudonym: "Subject^1" }),
};

function objectsOf(sources: SourceInstance[]): Record<string, () => Uint8Array> {
  const frames = sources.flatMap((instance) =>
    Array.from({ length: instance.frames }, (_, k) => ({ instance, frame: k + 1 })),
  );
  const { columns, rows } = sources[0];
  const values = Float32Array.from({ length: columns * rows * frames.length }, (_, i) => (i % 13) / 10);
  const map = {
    size: [columns, rows, frames.length] as const,
    values,
    affine: null,
    sourceOf: (slice: number) => frames[slice],
  };
  const pictures = frames.map((source) => ({ raster: emptyRaster(columns, rows, 3), source }));
  const making = fixedMaking();
  return {
    "parametric map": () => parametricMap({ map, detector: DETECTOR, maximum: 1 }, making),
    segmentation: () => segmentation({ map, detector: DETECTOR, threshold: 0.5 }, making),
    picture: () => secondaryCapture({ pictures, detector: DETECTOR }, making),
    report: () =>
      structuredReport(
        {
          ...{ sources, score: 1 / 3, threshold: 0.1, decision: "above", falseAlarmRate: 0.05, detector: DETECTOR },
          parametricMap: placeMap(map).planes && asSource(parametricMap({ map, detector: DETECTOR, maximum: 1 })),
          segmentation: {
            instance: asSource(segmentation({ map, detector: DETECTOR, threshold: 0.5 })),
            threshold: 0.5,
          },
          remarks: ["The segment is the map above 0.5."],
        },
        making,
      ),
    "report alone": () =>
      structuredReport(
        { sources, score: 1, threshold: null, decision: null, falseAlarmRate: null, detector: DETECTOR },
        making,
      ),
  };
}

const asSource = (bytes: Uint8Array) => sourceInstance(bytes, "written");

describe.skipIf(!installed)("dciodvfy", () => {
  const folder = mkdtempSync(join(tmpdir(), "hale-objects-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  function complaints(bytes: Uint8Array): string[] {
    const file = join(folder, "object.dcm");
    writeFileSync(file, bytes);
    const { stdout, stderr, error } = spawnSync("dciodvfy", ["-new", file], { encoding: "utf8" });
    expect(error).toBeUndefined();
    return `${stdout}\n${stderr}`
      .split("\n")
      .filter(
        (line) => /^(Error|Warning)/.test(line) && !DICOM_OBJECTS_KNOWN_WARNINGS.some((known) => known.test(line)),
      );
  }

  test("finds faults where there are some", () => {
    expect(complaints(ctBytes()).some((line) => line.startsWith("Error"))).toBe(true);
  });

  test.each(Object.entries(SOURCES))("has nothing against objects of %s", async (name, sources) => {
    for (const [kind, make] of Object.entries(objectsOf(await sources()))) {
      if (kind === "parametric map" && /capture|radiograph|knee|photograph/.test(name)) continue;
      expect(complaints(make()), kind).toEqual([]);
    }
  });

  const samples = process.env.HALE_DATA && join(process.env.HALE_DATA, "dicom-samples/valid");
  test.skipIf(!samples)("finds no error in objects of sample files", () => {
    const names = readdirSync(samples!).filter((name) =>
      /^(CT_small|MR_small|emri_small|RG1_J2KI|RG3_J2KI|examples_ybr_color)\.dcm$/.test(name),
    );
    expect(names).toHaveLength(6);
    for (const name of names) {
      const source = sourceInstance(readFileSync(join(samples!, name)), name);
      for (const [kind, make] of Object.entries(objectsOf([source]))) {
        if (kind === "parametric map" && source.planes[0] === null) continue;
        expect(
          complaints(make()).filter((line) => line.startsWith("Error")),
          `${kind} of ${name}`,
        ).toEqual([]);
      }
    }
  });
});
