/** @file One rule for writing in pictures: what import leaves out is what written objects warn of. */
import { expect, test } from "vitest";
import { el, imageFile, type Spec } from "./dicom-fixture.ts";
import { sourceInstance } from "./objects/source.ts";
import { outlineDicom } from "./outline.ts";

const US = "1.2.840.10008.5.1.4.1.1.6.1";
const CT = "1.2.840.10008.5.1.4.1.1.2";

const cases: [what: string, more: Spec[], sopClass: string, expected: "yes" | "possible" | "no"][] = [
  ["says that it has text", [el(0x00280301, "CS", "YES")], CT, "yes"],
  ["says so in small letters", [el(0x00280301, "CS", "yes")], CT, "yes"],
  ["is ultrasound that says that it has none", [el(0x00280301, "CS", "NO")], US, "no"],
  ["is ultrasound and says nothing", [], US, "possible"],
  ["is ultrasound and says something else", [el(0x00280301, "CS", "MAYBE")], US, "possible"],
  ["is a capture of several frames", [], "1.2.840.10008.5.1.4.1.1.7.4", "possible"],
  ["has another class and the modality of ultrasound", [el(0x00080060, "CS", "us")], CT, "possible"],
  ["has another class and another modality", [el(0x00080060, "CS", "OT")], CT, "possible"],
  ["was digitised from film", [el(0x00080064, "CS", "DF")], CT, "possible"],
  ["is a dose report", [el(0x00080008, "CS", "DERIVED\\SECONDARY\\DOSE_INFO")], CT, "possible"],
  ["is a screen of a workstation", [el(0x00080008, "CS", "DERIVED\\SECONDARY\\Screen save")], CT, "possible"],
  ["is a CT slice", [el(0x00080060, "CS", "CT"), el(0x00080008, "CS", "ORIGINAL\\PRIMARY\\AXIAL")], CT, "no"],
];

test.each(cases)("a file that %s", (_, more, sopClass, expected) => {
  const bytes = imageFile([1, 2, 3, 4, 5, 6], {
    more: [
      ...more,
      el(0x00080016, "UI", sopClass),
      el(0x00080018, "UI", "1.2.3.4"),
      el(0x0020000d, "UI", "1.2.3.5"),
      el(0x0020000e, "UI", "1.2.3.6"),
    ],
  });
  expect(outlineDicom(bytes, "a.dcm").textInPixels).toBe(expected);
  expect(sourceInstance(bytes, "a.dcm").textInPixels).toBe(expected);
});
