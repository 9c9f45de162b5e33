import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { packDetector } from "../format/package.ts";
import { cardWith, fakeDevice, plainModel } from "../test-support.ts";
import { readDetector, writeDetector } from "./index.ts";

const folder = await mkdtemp(join(tmpdir(), "hale-detector-"));
afterAll(() => rm(folder, { recursive: true }));
const { device } = fakeDevice();

test("a detector is written whole and read again", async () => {
  const path = join(folder, "new", "d.hale");
  await writeDetector(path, await packDetector({ model: plainModel, card: cardWith() }));
  expect(await readdir(join(folder, "new"))).toEqual(["d.hale"]);
  const detector = await readDetector(path, device);
  expect(detector.card).toEqual(cardWith());
  await detector.release();
});

test("a file that is not there, or no detector, is refused by its name", async () => {
  const path = join(folder, "absent.hale");
  await expect(readDetector(path, device)).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
  await expect(readDetector(folder, device)).rejects.toMatchObject({ code: "FILE_UNREADABLE" });
  await writeFile(path, "hello");
  await expect(readDetector(path, device)).rejects.toThrow(path);
});
