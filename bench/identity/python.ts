/** @file Python's onnxruntime, with the script that the README shows. */
import { execFile, spawnSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { encodePng } from "@hale/imaging";
import { type Answer, decisionOf, type Runtime } from "./answer.ts";

/** The script of the README. */
export const SCRIPT = new URL("../peers/score_onnx.py", import.meta.url);
const MAPS = new URL("../peers/detector_maps.py", import.meta.url);

/** The interpreter that $HALE_PYTHON names, or why there is none. */
export function findPython(): { python: string } | { missing: string } {
  const python = process.env.HALE_PYTHON;
  if (!python) return { missing: "HALE_PYTHON names no Python interpreter" };
  const { status } = spawnSync(python, ["-c", "import onnxruntime, numpy, PIL"]);
  return status === 0 ? { python } : { missing: `HALE_PYTHON (${python}) has no onnxruntime, numpy and Pillow` };
}

export function pythonRuntime(python: string): Runtime {
  const run = async (script: URL, args: string[]) => {
    const { stdout } = await promisify(execFile)(python, [fileURLToPath(script), ...args], { maxBuffer: 2 ** 28 });
    return stdout.trim().split("\n");
  };
  return {
    name: "python",
    async answers(detectors, onDetector) {
      const answers: Answer[][] = [];
      for (const { file, card, images } of detectors) {
        const folder = join(dirname(file), "pictures");
        await mkdir(folder, { recursive: true });
        const names = images.map((_, i) => join(folder, `${i}.png`));
        await Promise.all(images.map((image, i) => writeFile(names[i], encodePng(image))));
        const scores = (await run(SCRIPT, [file, ...names])).map((line) => Number(line.split(" ").at(-1)));
        const maps = (await run(MAPS, [file, ...names])).map((line) => JSON.parse(line) as number[]);
        answers.push(scores.map((score, i) => ({ score, decision: decisionOf(score, card), map: maps[i] })));
        onDetector?.(answers.length);
      }
      return answers;
    },
  };
}
