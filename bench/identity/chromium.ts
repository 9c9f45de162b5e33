/** @file Chromium, by WebAssembly and by WebGPU on SwiftShader: a page opens the detectors with the library's own code. */
import { readFile } from "node:fs/promises";
import { withPage } from "../../packages/runtime/src/node/page-fixture.ts";
import type { Answer, Runtime } from "./answer.ts";
import type { RemoteImage } from "./page.ts";

const ENTRY = new URL("./page.ts", import.meta.url);

export function chromium(kind: "wasm" | "webgpu"): Runtime {
  return {
    name: `chromium-${kind}`,
    async answers(detectors, onDetector) {
      const files = new Map<string, Uint8Array>();
      const requests: { detector: string; images: RemoteImage[] }[] = [];
      for (const [i, { file, images }] of detectors.entries()) {
        const detector = `/detectors/${i}.hale`;
        files.set(detector, await readFile(file));
        const remote = images.map(({ data, ...image }, j): RemoteImage => {
          const path = `/images/${i}/${j}`;
          files.set(path, new Uint8Array(data));
          return { ...image, path };
        });
        requests.push({ detector, images: remote });
      }
      return withPage({ entry: ENTRY, files }, async (page) => {
        const answers: Answer[][] = [];
        for (const { detector, images } of requests) {
          const call = [kind, detector, images].map((value) => JSON.stringify(value)).join();
          answers.push((await page.evaluate(`look(${call})`)) as Answer[]);
          onDetector?.(answers.length);
        }
        return answers;
      });
    },
  };
}
