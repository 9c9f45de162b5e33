/** @file The command as people meet it: every command's help, every refusal one sentence, and the whole way once. */
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writePhantomSet } from "@hale/data/node";
import { readDetector } from "@hale/detector/node";
import { evaluateDetector } from "@hale/evaluation/node";
import { openDevice } from "@hale/runtime/node";
import { auroc } from "@hale/statistics";
import { zipSync } from "fflate";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectRefused, type Result, rowsOf, runHale, spawnHale, writeDetectorWithParts } from "./cli-fixture.ts";

const LIMIT = 240_000;
/** Small enough to train in a second. */
const TINY = "--size 32 --set width=8 --set batch=2 --set residualBlocks=0 --threads 1".split(" ");

let root = "";
/** Phantoms with a table, and a detector trained on them. */
let data = "";
let detector = "";
let trained: Result;

const hale = (args: string[], until?: RegExp) => (until ? spawnHale(root, args, until) : runHale(root, args));

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "hale-cli-"));
  data = join(root, "scans");
  const counts = { trainNormal: 24, unlabelled: 8, valNormal: 20, testNormal: 4, testAbnormal: 4 };
  await writePhantomSet(data, { seed: 2, size: 32, counts });
  trained = await hale(["train", "scans", "--out", "run", "--iterations", "4", ...TINY]);
  detector = join(root, "run", "detector.hale");
}, LIMIT);
afterAll(() => rm(root, { recursive: true }));

describe("help", () => {
  test(
    "of every command has an example and ends well",
    async () => {
      const commands =
        "demo,data,data import,data check,data clean,data split,train,evaluate,score,quality,probe,doctor".split(",");
      const top = await hale(["--help"]);
      expect(top.out).toContain("Research use only");
      for (const command of commands) {
        const { code, out, err } = await hale([...command.split(" "), "--help"]);
        expect([code, err], command).toEqual([0, ""]);
        if (command === "data") expect(out).toMatch(/check[\s\S]*split/);
        else expect(out, command).toMatch(new RegExp(`Examples?:\\n\\s+hale ${command}`));
        expect(top.out).toMatch(new RegExp(`^ +${command.split(" ")[0]} `, "m"));
      }
    },
    LIMIT,
  );

  test(
    "is offered for a command or an option that there is none of, with exit code 2",
    async () => {
      expectRefused(await hale(["trian"]), 2, /error: unknown command 'trian'[\s\S]*(Did you mean|--help)/);
      expectRefused(await hale(["train", "scans", "--iteration", "4"]), 2, /unknown option '--iteration'/);
      expectRefused(await hale(["train", "scans", "--iterations", "many"]), 2, /must be a whole number from 1 up/);
      expectRefused(await hale(["train", "scans", "--proxy", "blur"]), 2, /--proxy is no option of sagan/);
      const proxyano = ["train", "scans", "--method", "proxyano"];
      expectRefused(await hale([...proxyano, "--proxy", "fog"]), 2, /--proxy: .*superpixel/);
      expectRefused(await hale([...proxyano, "--preset", "huge"]), 2, /Presets: small, medium, paper/);
    },
    LIMIT,
  );
});

test(
  "a copy on the other side of the split is refused, left out by hale data clean, and then the set passes",
  async () => {
    const folder = join(root, "leaky");
    await mkdir(folder);
    const manifest = await readFile(join(data, "split.csv"), "utf8");
    const paths = (label: string, split: string) =>
      manifest.split("\n").flatMap((line) => {
        const cells = line.split(",");
        return cells[1] === label && cells[3] === split ? [cells[0]] : [];
      });
    const [a, b] = paths("0", "train");
    const [c] = paths("0", "test");
    for (const [name, source] of [
      ["a.png", a],
      ["b.png", b],
      ["c.png", c],
      ["copy.png", a],
    ]) {
      await cp(join(data, source), join(folder, name));
    }
    await writeFile(
      join(folder, "all.csv"),
      "path,label,split\na.png,0,train\nb.png,0,train\nc.png,0,test\ncopy.png,0,test\n",
    );
    const all = join(folder, "all.csv");
    const clean = join(folder, "clean.csv");
    const found = await hale(["data", "check", all, "--json"]);
    expect([found.code, JSON.parse(found.out).leaks.length]).toEqual([1, 1]);
    expect(found.err).toMatch(/hale: all has 1 leaks between its splits\..*hale data clean/);
    expect((await hale(["data", "clean", all, "--out", clean])).out).toMatch(/3 images; left out: 1\n {2}a\.png/);
    expectRefused(await hale(["data", "clean", all, "--out", clean]), 1, /is there already.*--force/s);
    expect((await hale(["data", "check", clean])).code).toBe(0);
  },
  LIMIT,
);

describe("a sentence and no half-written file answer", () => {
  const copyWith = async (name: string, change: (folder: string) => Promise<unknown>) => {
    const folder = join(root, name);
    await cp(data, folder, { recursive: true });
    await change(folder);
    return name;
  };
  const train = (folder: string, ...more: string[]) => hale(["train", folder, "--iterations", "1", ...TINY, ...more]);

  test(
    "a data set that is missing or empty",
    async () => {
      expectRefused(await train("nowhere", "--out", "no-run"), 1, /There is no data set at nowhere\. Check the path\./);
      await mkdir(join(root, "empty"));
      expectRefused(
        await train("empty", "--out", "no-run"),
        1,
        /There are no images in the folders of empty that have a meaning: .* Put images into normal/,
      );
      expect(await readdir(root)).not.toContain("no-run");
    },
    LIMIT,
  );

  test(
    "a damaged image among good ones, which --skip-corrupt leaves out and counts",
    async () => {
      const bad = await copyWith("bad", (folder) => writeFile(join(folder, "images", "normal-0003.png"), "no picture"));
      expectRefused(
        await train(bad, "--out", "no-run"),
        1,
        /1 of \d+ images cannot be read\. .*images\/normal-0003\.png/,
      );
      expect(await readdir(root)).not.toContain("no-run");
      const { code, out } = await hale(["data", "check", bad, "--skip-corrupt", "--json"]);
      expect(code).toBe(0);
      expect(JSON.parse(out).skipped.map(({ path }: { path: string }) => path)).toEqual(["images/normal-0003.png"]);
    },
    LIMIT,
  );

  test(
    "a size that SAGAN cannot take, and an option of a method that it lacks",
    async () => {
      const odd = await hale(["train", "scans", "--out", "no-run", "--size", "60"]);
      expectRefused(odd, 2, /cannot take images of 60 x 60 pixels\. Choose a size divisible by 16/);
      expectRefused(await train("scans", "--out", "no-run", "--set", "depth=3"), 2, /depth.*hale train --help/);
      expectRefused(
        await train("scans", "--out", "no-run", "--set", "identityWeight=x"),
        2,
        /"balanced", or expected number/,
      );
      expect(await readdir(root)).not.toContain("no-run");
    },
    LIMIT,
  );

  test(
    "a test split of one class",
    async () => {
      const one = await copyWith("one", async (folder) => {
        const table = await readFile(join(folder, "split.csv"), "utf8");
        await writeFile(join(folder, "split.csv"), table.replace(/^images\/test-a.*\n/gm, ""));
      });
      const result = await hale(["evaluate", detector, one, "--report", "one.html"]);
      expectRefused(result, 1, /holds only normal images, so nothing can be compared\. Give it/);
      expect(await readdir(root)).not.toContain("one.html");
    },
    LIMIT,
  );

  test(
    "a detector with a flipped bit, and a zip of something else",
    async () => {
      const bytes = await readFile(detector);
      bytes[bytes.length >> 1] ^= 4;
      await writeFile(join(root, "flipped.hale"), bytes);
      const flipped = await hale(["score", "flipped.hale", "scans/images"]);
      expectRefused(flipped, 1, /flipped\.hale is not a sound detector: .*\. Export it or copy it again\./);
      expect(flipped.out).toBe("");
      await writeFile(join(root, "other.hale"), zipSync({ "readme.txt": [new Uint8Array(9), { level: 0 }] }));
      expectRefused(await hale(["evaluate", "other.hale", "scans"]), 1, /other\.hale is not a sound detector/);
    },
    LIMIT,
  );

  test(
    "an --out that is a file, and a manifest that is there already",
    async () => {
      await writeFile(join(root, "taken"), "mine");
      expectRefused(await train("scans", "--out", "taken"), 1, /taken.* cannot be (written|read).*Check/);
      expect(await readFile(join(root, "taken"), "utf8")).toBe("mine");
      const before = await readFile(join(data, "split.csv"), "utf8");
      expectRefused(await hale(["data", "split", "scans"]), 1, /split\.csv is there already\. Add --force/);
      expect(await readFile(join(data, "split.csv"), "utf8")).toBe(before);
    },
    LIMIT,
  );

  test(
    "the quality of a run that draws nothing, and of what is no run",
    async () => {
      const none = await hale(["quality", "run"]);
      expectRefused(
        none,
        2,
        /sagan only changes images that it is given; it has no generator.* Name a run of hq-anogan/,
      );
      expectRefused(await hale(["quality", detector]), 1, /There is no training run in .*detector\.hale/);
      expect(await readdir(join(root, "run"))).not.toContain("quality");
    },
    LIMIT,
  );

  test(
    "images that match nothing, with the same fault as JSON when asked",
    async () => {
      const result = await hale(["score", detector, "no/*.png", "--json"]);
      expectRefused(result, 1, /No images match no\/\*\.png in .*\. Check the path; quote globs\./);
      expect(JSON.parse(result.out)).toMatchObject({ error: { code: "FILE_NOT_FOUND" } });
    },
    LIMIT,
  );
});

describe("the whole way", () => {
  test(
    "leads from images to a split, a check and a detector",
    async () => {
      const { code, out } = await hale(["data", "split", "scans", "--out", "scans/again.csv", "--seed", "3"]);
      expect([code, out]).toEqual([0, expect.stringMatching(/again\.csv: \d+ train, \d+ val, \d+ test\n$/)]);
      const check = await hale(["data", "check", "scans/again.csv", "--no-near-copies"]);
      expect(check.code).toBe(0);
      expect(check.out).toMatch(/brightness/);

      expect([trained.code, trained.out.trim()]).toEqual([0, join("run", "detector.hale")]);
      expect(trained.err).toMatch(/Estimated: .*memory[\s\S]*Trained in .*; exported/);
      expect(trained.err).toMatch(/Threshold \S+ for a false-alarm rate of 5\.0 %/);
      expect((await readdir(join(root, "run"))).sort()).toEqual([
        "checkpoints",
        "detector.hale",
        "detector.hale.seen",
        "examples",
        "images.seen",
        "losses.jsonl",
        "run.json",
        "tensorboard",
      ]);
    },
    LIMIT,
  );

  test(
    "gives an image the same score in every command, with pictures and a report",
    async () => {
      const csv = await hale(["score", detector, "scans/images/test-*.png", "--maps", "maps", "--threads", "1"]);
      expect(csv.code).toBe(0);
      const [head, ...rows] = rowsOf(csv.out);
      expect(head).toEqual(["file", "score", "p_value", "decision", "threshold", "meaning", "error"]);
      expect(rows).toHaveLength(8);
      expect(await readdir(join(root, "maps"))).toHaveLength(24);
      for (const file of await readdir(join(root, "maps")))
        expect((await readFile(join(root, "maps", file))).subarray(1, 4).toString(), file).toBe("PNG");

      const jsonl = await hale(["score", detector, "scans/images/test-a-0001.png", "--format", "jsonl"]);
      const row = JSON.parse(jsonl.out);
      expect([row.file, String(row.score)]).toEqual(rows.find(([file]) => file === row.file)!.slice(0, 2));

      const device = await openDevice({ kind: "cpu", threads: 1 });
      const loaded = await readDetector(detector, device);
      const { cases } = await evaluateDetector(loaded, data, { nearCopies: false, resamples: 50 });
      await loaded.release();
      const scores = new Map(rows.map(([file, score]) => [file.replace(/^scans\//, ""), Number(score)]));
      expect(cases).toHaveLength(8);
      for (const { item, finding } of cases) expect(scores.get(item.path), item.path).toBe(finding.score);

      const json = ["--report", "report.html", "--json", "--no-near-copies", "--threads", "1"];
      const evaluated = await hale(["evaluate", detector, "scans", ...json]);
      expect([evaluated.code, evaluated.err]).toEqual([0, ""]);
      const figures = JSON.parse(evaluated.out);
      const labels = rows.map(([file]) => Number(file.includes("test-a")));
      expect(figures.auroc.estimate).toBe(
        auroc(
          rows.map(([, score]) => Number(score)),
          labels,
        ),
      );
      expect(figures).toMatchObject({ normals: 4, abnormals: 4, skipped: [], report: "report.html" });
      const report = await readFile(join(root, "report.html"), "utf8");
      expect(report).toMatch(/^<!doctype html>[\s\S]*<\/html>\s*$/i);
      expect(report).toContain("Research use only");
    },
    LIMIT,
  );

  test(
    "shows the parts of a score where a detector has them, the same in both commands, and null where an image is damaged",
    async () => {
      const names = await writeDetectorWithParts(join(root, "parts.hale"), detector);
      expect(names).toEqual(["image", "features", "cycle", "prior", "offset", "fAnoGan"]);
      const columns = names.map((name) => `part:${name}`);
      await writeFile(join(root, "no-picture.png"), "no picture");
      const images = ["scans/images/test-*.png", "no-picture.png"];
      const scored = await hale(["score", "parts.hale", ...images, "--json", "--threads", "1"]);
      const rows: Record<string, number | null>[] = scored.out
        .trim()
        .split("\n")
        .map((text) => JSON.parse(text));
      expect(rows).toHaveLength(9);
      const damaged = rows.pop()!;
      for (const column of columns) expect(damaged[column], column).toBe(null);
      for (const row of rows) {
        expect(Object.keys(row).filter((key) => key.startsWith("part:"))).toEqual(columns);
        // By default the score is the sum of two of them.
        expect(row.score).toBeCloseTo(row["part:image"]! + row["part:cycle"]!, 4);
      }

      const args = ["--json", "--no-near-copies", "--threads", "1"];
      const { parts } = JSON.parse((await hale(["evaluate", "parts.hale", "scans", ...args])).out);
      expect(parts.map(({ name }: { name: string }) => name)).toEqual(names);
      const labels = rows.map(({ file }) => Number(String(file).includes("test-a")));
      for (const [i, column] of columns.entries()) {
        const values = rows.map((row) => row[column]!);
        expect(new Set(values).size, column).toBeGreaterThan(1);
        expect(parts[i].auroc.estimate, column).toBe(auroc(values, labels));
      }
    },
    LIMIT,
  );

  test(
    "names a damaged image in its row, scores the others, and ends with 1",
    async () => {
      await mkdir(join(root, "mixed", "deep"), { recursive: true });
      await cp(join(data, "images", "test-n-0001.png"), join(root, "mixed", "one.png"));
      await cp(join(data, "images", "test-a-0001.png"), join(root, "mixed", "deep", "one.png"));
      await writeFile(join(root, "mixed", "two.png"), "no picture");
      const result = await hale(["score", detector, "mixed", "--json", "--maps", "mixed-maps"]);
      expectRefused(result, 1, /1 of 3 images could not be scored\. Their rows say why\./);
      const rows = result.out
        .trim()
        .split("\n")
        .map((text) => JSON.parse(text));
      expect(rows.map(({ file, score }) => [file, score === null])).toEqual([
        ["mixed/deep/one.png", false],
        ["mixed/one.png", false],
        ["mixed/two.png", true],
      ]);
      expect(rows[2].error).toContain("mixed/two.png");
      // Two pictures of one name do not overwrite each other's maps.
      expect(await readdir(join(root, "mixed-maps"))).toHaveLength(6);
    },
    LIMIT,
  );

  test(
    "stops on Ctrl-C with what to do next and exit code 3, and goes on from there",
    async () => {
      const args = ["train", "scans", "--out", "long", "--iterations", "100000", ...TINY];
      const stopped = await hale(args, /Estimated/);
      expect(stopped.code).toBe(3);
      expect(stopped.err).toMatch(/Stopped at iteration \d+, and saved\. Go on with: hale train --resume long\n$/);
      const at = Number(/Stopped at iteration (\d+)/.exec(stopped.err)![1]);
      const resumed = await hale(["train", "--resume", "long", "--until", String(at + 1), "--json"]);
      expect(resumed.code).toBe(0);
      expect(JSON.parse(resumed.out)).toMatchObject({ detector: join("long", "detector.hale") });
    },
    LIMIT,
  );

  test(
    "is vouched for by the doctor",
    async () => {
      const { code, out } = await hale(["doctor", "--json"]);
      expect(code).toBe(0);
      const found = JSON.parse(out);
      expect(found.devices.map(({ kind }: { kind: string }) => kind)).toEqual(["cpu", "webgpu"]);
      expect(found.devices[0]).toMatchObject({ ok: true });
    },
    LIMIT,
  );
});
