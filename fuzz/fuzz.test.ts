/** @file The fuzzer itself, and a short campaign with every change. The long ones are run by hand (SECURITY.md). */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { useInstalledCodecs } from "@hale/imaging/node";
import { describe, expect, test } from "vitest";
import { campaign } from "./campaign.ts";
import { judge } from "./judge.ts";
import { minimise } from "./minimise.ts";
import { inputOf } from "./mutate.ts";
import { randomOf } from "./random.ts";
import { withTable } from "./record.ts";
import { grew, report } from "./report.ts";
import { fileOf, seedsOf } from "./seeds/index.ts";
import { KINDS, type Seed } from "./seeds/seed.ts";

useInstalledCodecs();
const plain = await seedsOf(KINDS, false);
const coded = await seedsOf(KINDS, true);
const all = [...plain.values(), ...coded.values()].flat();

describe("a short campaign", () => {
  test.each([
    ["10 000 runs of the JavaScript parsers", 10_000, false],
    ["500 runs through WebAssembly decoders", 500, true],
  ])("%s: every input is read or refused, in time and in the same memory", async (_, runs, codecs) => {
    const result = await campaign({ runs, seed: 1, codecs });
    expect(result.findings, report(result)).toEqual([]);
    expect(grew(result), report(result)).toBe(false);
    expect(result.memory).not.toBeNull();
    // A campaign that only meets refusals, or none, tests little.
    expect(result.ok).toBeGreaterThan(runs / 20);
    expect(result.ok).toBeLessThan(runs / 2);
  });
});

describe("a campaign against a faulty reader", () => {
  test("finds what it throws, and the run that hangs, keeps both to be read again, and sees lost memory", async () => {
    const out = await mkdtemp(join(tmpdir(), "hale-fuzz-"));
    const script = { url: new URL("./worker-fixture.mjs", import.meta.url), execArgv: [] };
    try {
      const result = await campaign({ runs: 1200, seed: 5, out, script });
      expect(result.findings.map(({ signature, count }) => [signature, count])).toEqual([
        ["nifti: TypeError: planned #", 12],
        ["nifti: hangs for more than # s", 1],
      ]);
      expect(result.findings[1].first).toMatchObject({ run: 7, notes: ["planned"] });
      // Run 7 is the one that was not counted.
      expect(result.ok).toBe(1200 - 1 - 12);
      expect(grew(result)).toBe(true);
      expect(report(result)).toMatch(/2 kinds of findings/);
      const files = await readdir(out);
      expect(files.sort()).toEqual([
        ...["103.bin", "103.json", "203.bin", "203.json", "3.bin", "3.json", "3.small.bin", "7.bin", "7.json"].map(
          (end) => `nifti-5-${end}`,
        ),
      ]);
      expect(JSON.parse(await readFile(join(out, "nifti-5-7.json"), "utf8"))).toMatchObject({
        seed: 5,
        run: 7,
        kind: "nifti",
      });
      expect([...(await readFile(join(out, "nifti-5-3.small.bin")))]).toEqual([3]);
    } finally {
      await rm(out, { recursive: true });
    }
  });
});

describe("seeds", () => {
  test("are of every kind, and there are compressed ones", () => {
    expect([...plain.keys(), ...coded.keys()].sort()).toEqual(["dicom", ...KINDS].sort());
    expect(all.length).toBeGreaterThan(60);
  });

  // Four inks are refused by design; the others are sound.
  test.each(all.filter(({ name }) => name !== "cmyk").map((seed) => [`${seed.kind} ${seed.name}`, seed] as const))(
    "%s is sound",
    async (_, seed) => {
      expect(await judge(seed.kind, fileOf(seed, seed.bytes), seed)).toEqual({ kind: "ok" });
    },
  );

  test("have their fields inside", () => {
    for (const { name, bytes, fields } of all) {
      for (const field of fields) expect(field.at + field.bytes, name).toBeLessThanOrEqual(bytes.length);
    }
  });
});

describe("an input", () => {
  test("is a function of seed and run", () => {
    for (let run = 0; run < 50; run++) {
      const [a, b] = [inputOf(randomOf(3, run), plain), inputOf(randomOf(3, run), plain)];
      expect(a).toEqual(b);
    }
    const inputs = Array.from({ length: 200 }, (_, run) => inputOf(randomOf(3, run), plain));
    expect(new Set(inputs.map(({ bytes }) => Buffer.from(bytes).toString("base64"))).size).toBeGreaterThan(190);
    expect(new Set(inputs.map(({ seed }) => seed.kind)).size).toBe(plain.size);
  });
});

describe("a verdict", () => {
  const seed = (kind: Seed["kind"]) => plain.get(kind)![0];

  test("is a finding when a reader throws what is no refusal, or contradicts itself", async () => {
    // Bytes that are none: the reader breaks, as one with a fault would.
    const broken = { length: 200, subarray: 1 } as unknown as Uint8Array;
    expect(await judge("png", broken)).toMatchObject({ kind: "finding", what: expect.stringMatching(/^TypeError/) });
  });

  test("is a refusal when the file is damaged", async () => {
    for (const kind of KINDS.filter((one) => plain.has(one)))
      expect(await judge(kind, seed(kind).bytes.subarray(0, 40))).toMatchObject({ kind: "refused" });
  });
});

test("minimising leaves what shows the fault, and no more", async () => {
  const bytes = Uint8Array.from({ length: 300 }, (_, i) => i % 7);
  bytes[123] = 200;
  bytes[250] = 201;
  const shows = async (candidate: Uint8Array) => candidate.includes(200) && candidate.includes(201);
  expect([...(await minimise(bytes, shows))!]).toEqual([200, 201]);
  expect(await minimise(bytes, async () => false)).toBeNull();
});

test("figures of a campaign replace the rows of the table, and nothing else", () => {
  const figures = {
    kinds: [],
    perSecond: 1,
    read: 1,
    findings: 0,
    slowestMilliseconds: 5,
    ownGrowthMb: 0.5,
    residentGrowthMb: null,
  };
  const page = "a\n\n| seeds | runs | seed |\n|---|---|---|\n| old | 1 | 2 |\n\nb | c\n";
  const all = [1, 2, 3, 4].map((seed) => {
    return { ...figures, kinds: seed === 4 ? ["hale"] : [], seed, runs: 10 * seed, codecs: seed === 2 };
  });
  const rows =
    "| JavaScript parsers | 30 | 3 | 0 | 5 | 0.5 |  |\n| WebAssembly decoders | 20 | 2 | 0 | 5 | 0.5 |  |\n| detectors alone | 40 | 4 | 0 | 5 | 0.5 |  |\n";
  expect(withTable(page, all)).toBe(`a\n\n| seeds | runs | seed |\n|---|---|---|\n${rows}\nb | c\n`);
});
