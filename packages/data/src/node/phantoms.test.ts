import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeImage } from "@hale/imaging";
import { expect, it } from "vitest";
import { parseManifest } from "../manifest.ts";
import { writePhantomSet } from "./phantoms.ts";

it("writes phantoms as a data set whose table and pixels read back", async () => {
  const folder = await mkdtemp(join(tmpdir(), "hale-phantoms-"));
  try {
    const counts = { trainNormal: 3, unlabelled: 4, valNormal: 2, testNormal: 2, testAbnormal: 3 };
    const { manifest, items } = await writePhantomSet(folder, { seed: 1, size: 32, counts });
    const rows = parseManifest(await readFile(manifest, "utf8"), "split.csv");
    expect(rows).toHaveLength(14);
    expect(rows.map((row) => row.label)).toEqual(items.map((item) => item.label));
    expect(rows.filter((row) => row.mask)).toHaveLength(3);
    expect(rows.filter((row) => row.label === null).every((row) => row.class === "")).toBe(true);
    expect(await readdir(join(folder, "images"))).toHaveLength(14);
    const last = rows.findIndex((row) => row.mask);
    const image = await decodeImage(new Uint8Array(await readFile(join(folder, rows[last].path))), "a.png");
    expect(image).toMatchObject({ width: 32, height: 32, channels: 1 });
    expect(Array.from(image.data)).toEqual(Array.from(items[last].image));
  } finally {
    await rm(folder, { recursive: true });
  }
});
