/** @file For tests: a small detector made by a fit on phantoms, images to be scored, and servers that know how they are asked. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writePhantomSet } from "@hale/data/node";
import { runHale } from "../../cli/src/cli-fixture.ts";
import { LIMITS, listen, type Running, type ServeOptions } from "./index.ts";

export interface Place {
  root: string;
  detector: string;
  /** Names of test images, below `root`. */
  images: string[];
  read(name: string): Promise<Uint8Array<ArrayBuffer>>;
  remove(): Promise<void>;
}

/** A folder with a set of phantoms and a detector learnt from it in a second or two. */
export async function makePlace(): Promise<Place> {
  const root = await mkdtemp(join(tmpdir(), "hale-serve-test-"));
  const counts = { trainNormal: 30, unlabelled: 0, valNormal: 20, testNormal: 3, testAbnormal: 3 };
  await writePhantomSet(join(root, "scans"), { seed: 5, size: 32, counts });
  const trained = await runHale(root, [
    "train",
    "scans",
    "--out",
    "run",
    "--method",
    "knn",
    "--size",
    "32",
    "--threads",
    "1",
  ]);
  if (trained.code !== 0) throw new Error(trained.err);
  const names = (await readdir(join(root, "scans", "images"))).filter((name) => name.startsWith("test-")).sort();
  const images = names.map((name) => join("scans", "images", name));
  return {
    ...{ root, images },
    detector: join(root, "run", "detector.hale"),
    read: async (name) => new Uint8Array(await readFile(join(root, name))),
    remove: () => rm(root, { recursive: true, force: true }),
  };
}

/** What is logged, for those who look for what must not be. */
export class Log {
  text = "";
  write(line: string): void {
    this.text += line;
  }
}

/** A server of the place's detector on a free port of this machine. */
export async function serveAt(
  place: Place,
  options: Partial<ServeOptions> = {},
): Promise<Running & { log: Log; spool: string }> {
  const log = new Log();
  const spool = options.spool ?? join(await mkdtemp(join(tmpdir(), "hale-spool-")), "spool");
  const running = await listen({
    detectors: [{ name: "detector", path: place.detector }],
    ...{ workers: 1, threads: 1, spool, token: null, hosts: [], tls: null },
    ...{ host: "127.0.0.1", port: 0, insecure: false, log },
    ...options,
    limits: { ...LIMITS, graceMilliseconds: 5000, ...options.limits },
  });
  return { ...running, log, spool };
}

export const fileOf = (bytes: Uint8Array<ArrayBuffer>, name: string) => new File([bytes], name);

/** A form with files. */
export function formOf(...files: File[]): FormData {
  const form = new FormData();
  for (const file of files) form.append("file", file);
  return form;
}
