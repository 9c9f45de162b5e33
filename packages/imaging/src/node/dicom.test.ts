/** @file Folders, DICOMDIR and zips, and names in them that lead out. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HaleError } from "@hale/core";
import { zipSync } from "fflate";
import { afterAll, beforeAll, expect, test } from "vitest";
import { dicomFilesIn, filesOfDicomDir, isInside } from "../formats/dicom/container.ts";
import { bytesOf, dicomFile, el, imageFile, type Spec } from "../formats/dicom/dicom-fixture.ts";
import { DICOM_LIMITS } from "../formats/dicom/refuse.ts";
import { readDicomFolder } from "./dicom.ts";

const image = (n: number) => imageFile([n, 2, 3, 4, 5, 6], { more: [el(0x00080018, "UI", `1.2.3.${n}`)] });
const dicomDir = (files: string[]) =>
  dicomFile(
    [
      el(
        0x00041220,
        "SQ",
        files.map((file): Spec[] => [el(0x00041430, "CS", "IMAGE"), el(0x00041500, "CS", file)]),
      ),
    ],
    {
      sopClass: "1.2.840.10008.1.3.10",
    },
  );

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "hale-dicom-"));
});
afterAll(() => rm(root, { recursive: true }));

const namesOf = (zip: Uint8Array, limits = DICOM_LIMITS) =>
  [...dicomFilesIn(zip, "a.zip", limits)].map((file) => ("bytes" in file ? file.name : `${file.name}: ${file.reason}`));

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    expect(error).toBeInstanceOf(HaleError);
    return (error as HaleError).message;
  }
  throw new Error("It was not refused.");
}

test("a folder: images in the order of their names, the rest left out with reasons, progress for each", async () => {
  const folder = join(root, "folder");
  await mkdir(join(folder, "deep"), { recursive: true });
  await writeFile(join(folder, "b.dcm"), image(2));
  await writeFile(join(folder, "deep", "a.dcm"), image(1));
  await writeFile(join(folder, "notes.txt"), "hello, these are notes");
  await writeFile(join(folder, "report.dcm"), dicomFile([el(0x00080060, "CS", "SR")]));
  await writeFile(join(folder, "some.zip"), zipSync({ "x/c.dcm": image(3), "readme.md": Uint8Array.of(1, 2) }));
  await writeFile(join(folder, "DICOMDIR"), dicomDir(["B"]));
  await symlink("/etc/hostname", join(folder, "link.dcm"));
  const seen: number[] = [];
  const { objects, leftOut } = await readDicomFolder(folder, ({ done, total }) => seen.push(done / total));
  expect(objects.map((object) => object.instance.name)).toEqual(["b.dcm", "deep/a.dcm", "some.zip/x/c.dcm"]);
  expect(Object.fromEntries(leftOut.map(({ name, reason }) => [name, reason]))).toMatchObject({
    "notes.txt": "it is not DICOM",
    DICOMDIR: expect.stringContaining("list of other files"),
    "link.dcm": expect.stringContaining("link"),
    "report.dcm": expect.stringContaining("holds no image"),
    "some.zip/readme.md": "it is not DICOM",
  });
  expect(seen).toEqual([1, 2, 3, 4, 5, 6].map((done) => done / 6));
});

test("a DICOMDIR stands for its files; those that are missing or lead out are told or refused", async () => {
  const disc = join(root, "disc");
  await mkdir(join(disc, "IMG"), { recursive: true });
  await writeFile(join(disc, "IMG", "ONE"), image(1));
  await writeFile(join(disc, "IMG", "OTHER"), image(2));
  await writeFile(join(disc, "DICOMDIR"), dicomDir(["IMG\\ONE", "IMG\\LOST", "IMG\\ONE"]));
  const { objects, leftOut } = await readDicomFolder(join(disc, "DICOMDIR"));
  expect(objects.map((object) => object.instance.name)).toEqual(["IMG/ONE"]);
  expect(leftOut).toEqual([{ name: "IMG/LOST", reason: "the DICOMDIR lists it, and it is not there", lost: true }]);
  await writeFile(join(root, "outside"), image(3));
  await symlink(join(root, "outside"), join(disc, "IMG", "LINK"));
  await writeFile(join(disc, "DICOMDIR"), dicomDir(["IMG\\LINK"]));
  expect((await readDicomFolder(join(disc, "DICOMDIR"))).leftOut[0].reason).toContain("leads out");
  for (const path of ["..\\outside", "IMG\\..\\..\\outside", "/etc\\passwd", "C:\\x", ".", "a/../../b"]) {
    if (path === ".") expect(refusal(() => filesOfDicomDir(dicomDir([path]), "DICOMDIR"))).toContain("outside");
    else refusal(() => filesOfDicomDir(dicomDir([path]), "DICOMDIR"));
  }
});

test("one file, and nothing at all", async () => {
  await writeFile(join(root, "one.dcm"), image(1));
  expect((await readDicomFolder(join(root, "one.dcm"))).objects).toHaveLength(1);
  await expect(readDicomFolder(join(root, "none"))).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
});

test("names that lead out of their folder are told", () => {
  for (const path of ["a/b.dcm", "a..b/c", "..a", "ä/ö.dcm"]) expect(isInside(path)).toBe(true);
  for (const path of ["../a", "a/../../b", "/etc/passwd", "\\\\host\\a", "C:\\a", "c:a", "a\\..\\b", "a\0b", ""]) {
    expect(isInside(path)).toBe(false);
  }
});

test("zips: plain and packed entries are read; zips within zips are left out", () => {
  const zip = zipSync({
    "a.dcm": [image(1), { level: 0 }],
    "b.dcm": image(2),
    "c.zip": zipSync({ "d.dcm": image(3) }),
  });
  expect(namesOf(zip)).toEqual(["a.dcm", "b.dcm", "c.zip: it is a zip within a zip"]);
});

test("zips with names that lead out, absolute ones and symbolic links are refused whole", () => {
  for (const path of ["../evil.dcm", "/etc/evil", "a/../../b", "C:\\evil"]) {
    expect(refusal(() => namesOf(zipSync({ "good.dcm": image(1), [path]: image(2) })))).toContain("leads out");
  }
  const link = zipSync({
    "a.dcm": [new TextEncoder().encode("/etc/passwd"), { os: 3, attrs: (0o120777 << 16) >>> 0 }],
  });
  expect(refusal(() => namesOf(link))).toContain("symbolic link");
});

test("a zip's sizes are counted, not believed: budget - 1, budget, 200 times", () => {
  const bytes = new Uint8Array(4096).map((_, i) => (i * 7919) >> 4);
  const zip = zipSync({ "a.dcm": bytes, "b.dcm": bytes });
  expect(namesOf(zip, { ...DICOM_LIMITS, inflatedBytes: 8192 })).toHaveLength(2);
  expect(refusal(() => namesOf(zip, { ...DICOM_LIMITS, inflatedBytes: 8191 }))).toContain("8191 bytes");
  const bomb = zipSync({ "a.dcm": new Uint8Array(10_000_000) }, { level: 9 });
  expect(refusal(() => namesOf(bomb))).toContain("unfold to more");
  // A size of 1 in both headers changes nothing.
  const lying = bomb.slice();
  const view = new DataView(lying.buffer);
  view.setUint32(22, 1, true);
  const directory = view.getUint32(lying.length - 6, true);
  view.setUint32(directory + 24, 1, true);
  expect(refusal(() => namesOf(lying))).toContain("unfold to more");
});

test("zips that are damaged are refused, or their entries left out", () => {
  const zip = zipSync({ "a.dcm": image(1), "b.dcm": image(2) });
  for (let length = 4; length < zip.length; length += 7) refusal(() => namesOf(zip.slice(0, length)));
  const bent = zip.slice();
  bent[45] ^= 0x55;
  expect(namesOf(bent)[0]).toContain("damaged");
  const encrypted = zip.slice();
  const directory = new DataView(zip.buffer).getUint32(zip.length - 6, true);
  encrypted[directory + 8] |= 1;
  expect(namesOf(encrypted)[0]).toContain("encrypted");
  const method = zip.slice();
  method[directory + 10] = 99;
  expect(namesOf(method)[0]).toContain("method");
  expect(namesOf(bytesOf(zip)).length).toBe(2);
});
