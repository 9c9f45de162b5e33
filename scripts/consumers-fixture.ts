/** @file A project outside the clone that installs what a release packs, and runs it as a user would. */
import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { sourceOptions } from "@hale/core/node";
import { encodePng } from "@hale/imaging";
import { el, imageFile } from "../packages/imaging/src/formats/dicom/dicom-fixture.ts";

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");

export interface Result {
  code: number;
  out: string;
  err: string;
}

/** Nothing of npm, Vitest or the clone's own settings is handed on. */
function cleanEnvironment(more: Record<string, string> = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([key]) => !/^(npm_|VITEST|NODE_|TEST$|DEV$|PROD$|MODE$|SSR$)/i.test(key),
  );
  return { ...Object.fromEntries(kept), ...more };
}

/** Runs a program to its end, whatever its exit code. */
export function run(cwd: string, program: string, args: readonly string[], env = cleanEnvironment()): Promise<Result> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { cwd, env, maxBuffer: 2 ** 26 }, (error, out, err) => {
      if (error && typeof error.code !== "number") reject(error);
      else resolve({ code: error ? Number(error.code) : 0, out, err });
    });
  });
}

/** Packs everything into `out`; the tarballs' paths. */
export async function packAll(out: string): Promise<{ said: string; tarballs: string[] }> {
  const args = [...sourceOptions(), join(ROOT, "scripts", "release.ts"), "--dry-run", "--out", out];
  const { code, out: said, err } = await run(ROOT, process.execPath, args);
  if (code !== 0) throw new Error(err);
  const files = (await readdir(out)).filter((file) => file.endsWith(".tgz"));
  return { said, tarballs: files.map((file) => join(out, file)) };
}

/** An empty project. */
export async function emptyProject(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "package.json"), '{ "name": "consumer", "private": true, "type": "module" }\n');
}

export async function install(
  folder: string,
  what: readonly string[],
  env: Record<string, string> = {},
): Promise<void> {
  const args = ["install", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error", ...what];
  const { code, err } = await run(folder, "npm", args, cleanEnvironment(env));
  if (code !== 0) throw new Error(err);
}

/** Code of a page in Markdown: what follows the opening fence tells where it runs. */
export async function examples(page: string, kind: "js" | "js page" | "ts"): Promise<string[]> {
  const text = await readFile(page, "utf8");
  const blocks = [...text.matchAll(/^```([^\n]*)\n([\s\S]*?)^```$/gm)];
  return blocks.filter(([, info]) => info === kind).map(([, , code]) => code);
}

const SIZE = 32;
const NORMALS = 60;

/** DICOM images of many patients to train on, one to score, and a picture. */
export async function writeImages(folder: string): Promise<void> {
  const normal = join(folder, "scans", "normal");
  await mkdir(normal, { recursive: true });
  for (let i = 0; i < NORMALS; i++) await writeFile(join(normal, `${i}.dcm`), radiograph(i, 0));
  await writeFile(join(folder, "scan.dcm"), radiograph(NORMALS, 900));
  const data = Uint8Array.from({ length: SIZE * SIZE }, (_, i) => (i * 7) % 256);
  await mkdir(join(folder, "images"), { recursive: true });
  for (const path of ["image.png", "images/a.png"])
    await writeFile(join(folder, path), encodePng({ width: SIZE, height: SIZE, channels: 1, maxValue: 255, data }));
}

/** A smooth image of 12 bits, with a bright spot of this height. */
function radiograph(patient: number, spot: number): Uint8Array {
  const pixels = Array.from({ length: SIZE * SIZE }, (_, i) => {
    const [x, y] = [i % SIZE, Math.floor(i / SIZE)];
    const far = Math.hypot(x - 5, y - 9);
    return Math.round(1000 + 600 * Math.sin(x / 5 + patient) * Math.cos(y / 6) + (far < 3 ? spot : 0));
  });
  return imageFile(pixels, {
    rows: SIZE,
    columns: SIZE,
    more: [
      el(0x00080018, "UI", `1.2.3.${patient + 1}`),
      el(0x00100020, "LO", `P${patient}`),
      el(0x0020000d, "UI", `1.2.4.${patient + 1}`),
      el(0x0020000e, "UI", `1.2.5.${patient + 1}`),
    ],
  });
}

/** Trains a detector of scans for a moment, with the installed packages alone. */
export const TRAIN = `
import { methodNamed } from "@hale/methods";
import { runTraining, writeRunDetector } from "@hale/training/node";

const run = await runTraining("scans-run", {
  data: "scans", method: "autoencoder", options: methodNamed("autoencoder").options.parse({}),
  size: ${SIZE}, channels: 1, seed: 1, iterations: 4, device: "cpu", threads: 2,
  falseAlarmRate: 0.1, selection: "last", every: 4, keep: 1, corrupt: "refuse",
});
await writeRunDetector(run, "detector.hale");
`;
