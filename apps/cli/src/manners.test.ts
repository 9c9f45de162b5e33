/** @file What people expect of any command: quiet, completion, standard input, labelled JSON, one sentence for a refusal. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, openSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { VERSION } from "@hale/core";
import { sourceOptions } from "@hale/core/node";
import { packDetector } from "@hale/detector";
import { encodePng } from "@hale/imaging";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cardWith, plainModel } from "../../../packages/detector/src/test-support.ts";
import { expectRefused, runHale, writeDetectorWithParts } from "./cli-fixture.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hale-manners-"));
  const like = join(folder, "plain.hale");
  await writeFile(
    like,
    await packDetector({ model: plainModel, card: cardWith({ image: { ...cardWith().image, size: 32 } }) }),
  );
  await writeDetectorWithParts(join(folder, "d.hale"), like);
  for (const [name, grey] of [
    ["a.png", 40],
    ["b.png", 200],
  ] as const) {
    const data = Uint8Array.from({ length: 64 }, (_, i) => (grey + 7 * i) % 256);
    await writeFile(join(folder, name), await encodePng({ width: 8, height: 8, channels: 1, maxValue: 255, data }));
  }
}, 60_000);
afterAll(() => rm(folder, { recursive: true }));

const hale = (...args: string[]) => runHale(folder, args);
const rows = (out: string) =>
  out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

describe("score", () => {
  test("takes a file that is named twice, once from the root, as one", async () => {
    const { code, out } = await hale("score", "d.hale", "a.png", "./a.png", join(folder, "a.png"), "*.png", "--json");
    expect(code).toBe(0);
    expect(rows(out).map(({ file }) => file)).toEqual(["a.png", "b.png"]);
  });

  test("labels each line with its layout and version, and says what a decision means", async () => {
    const [row] = rows((await hale("score", "d.hale", "a.png", "--json")).out);
    expect(row).toMatchObject({ schema: "hale/score@1", hale: VERSION });
    expect(row.meaning).toBe(`${row.decision} the threshold (20 % false alarms)`);
  });

  test("--sort prints the highest score first", async () => {
    const { out } = await hale("score", "d.hale", "a.png", "b.png", "--json", "--sort");
    const scores = rows(out).map(({ score }) => score);
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
  });

  test("names the folder in which nothing was found", async () => {
    expectRefused(await hale("score", "d.hale", "gone.png"), 1, /No images match gone\.png in .*hale-manners-/);
  });

  test("reads an image from standard input as from its file", async () => {
    const [file] = rows((await hale("score", "d.hale", "a.png", "--json")).out);
    const { status, stdout } = inProcess(["score", "d.hale", "-", "--json"], "a.png");
    expect([status, rows(stdout)]).toEqual([0, [{ ...file, file: "-" }]]);
  });

  test.skipIf(!existsSync("/dev/full"))("says in a sentence that the disk is full", async () => {
    const child = spawn(process.execPath, [...sourceOptions(), MAIN, "score", "d.hale", "a.png"], {
      cwd: folder,
      stdio: ["ignore", openSync("/dev/full", "w"), "pipe"],
    });
    let err = "";
    child.stderr!.on("data", (text) => {
      err += text;
    });
    const code = await new Promise((resolve) => child.on("close", resolve));
    expectRefused({ code: code as number, out: "", err }, 1, /standard output: the disk is full/);
  });
});

const MAIN = fileURLToPath(new URL("./main.ts", import.meta.url));

function inProcess(args: string[], input: string) {
  return spawnSync(process.execPath, [...sourceOptions(), MAIN, ...args], {
    cwd: folder,
    stdio: [openSync(join(folder, input), "r"), "pipe", "pipe"],
    encoding: "utf8",
  });
}

describe("--quiet", () => {
  test("leaves notes out, and errors in", async () => {
    await writeFile(join(folder, "damaged.png"), "no picture");
    const args = ["score", "d.hale", "a.png", "damaged.png", "--json"];
    expect((await hale(...args)).err).toMatch(/1 of 2 images could not be scored/);
    expect(await hale(...args, "--quiet")).toMatchObject({ code: 1, err: "" });
    expectRefused(await hale("score", "gone.hale", "a.png", "--quiet"), 1, /gone\.hale/);
    await rm(join(folder, "damaged.png"));
  });
});

describe("completion", () => {
  test.each(["bash", "zsh", "fish"])("of %s knows commands, commands of commands, and options", async (shell) => {
    const { code, out } = await hale("completion", shell);
    expect(code).toBe(0);
    for (const word of ["evaluate", "data check", "--false-alarm-rate", "--quiet"]) expect(out).toContain(word);
  });

  test("of bash offers what may follow", async () => {
    await writeFile(join(folder, "complete"), (await hale("completion", "bash")).out);
    const offered = (line: string[]) =>
      spawnSync(
        "bash",
        [
          "-c",
          `. ./complete; COMP_WORDS=(${line.join(" ")}); COMP_CWORD=${line.length - 1}; _hale; echo "\${COMPREPLY[@]}"`,
        ],
        { cwd: folder, encoding: "utf8" },
      ).stdout.trim();
    expect(offered(["hale", "eval"])).toBe("evaluate");
    expect(offered(["hale", "data", "spl"])).toBe("split");
    expect(offered(["hale", "train", "data", "--false"])).toBe("--false-alarm-rate");
  });
});

describe("what would be heeded in silence", () => {
  test("beside --resume nothing is taken that the run has settled", async () => {
    const result = await hale("train", "--resume", "runs/r", "--iterations", "30");
    expectRefused(result, 2, /goes on with its own settings, so that --iterations would mean nothing/);
  });

  test("a report that cannot be written is refused before anything is computed", async () => {
    const result = await hale("evaluate", "gone.hale", "gone", "--report", "a.png/report.html");
    expectRefused(result, 1, /a\.png\/report\.html cannot be written/);
    await mkdir(join(folder, "there"));
    expectRefused(await hale("evaluate", "gone.hale", "gone", "--report", "there"), 1, /there is a folder/);
  });

  test("a fault of an option names the flag that was written", async () => {
    expectRefused(await hale("train", "gone", "--width", "0"), 2, /^hale: --width: expected 8/);
    expectRefused(await hale("train", "gone", "--set", "width=0"), 2, /^hale: --set width: expected 8/);
  });
});
