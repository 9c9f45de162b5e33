/** @file In a page: fetches a detector and pictures, and looks at them. `look(kind, detector, images)` becomes a global. */
import { Detector } from "@hale/detector";
import type { Raster } from "@hale/imaging";
import { openDevice } from "@hale/runtime/web";
import type { Answer } from "./answer.ts";
import { look } from "./look.ts";

/** A picture without its pixels, which are fetched. */
export type RemoteImage = Omit<Raster, "data"> & { path: string };

const fetchBytes = async (path: string) => new Uint8Array(await (await fetch(path)).arrayBuffer());

async function lookHere(kind: "wasm" | "webgpu", path: string, remote: readonly RemoteImage[]): Promise<Answer[]> {
  const device = await openDevice({ kind, threads: 2, assets: "/onnxruntime/" });
  const detector = await Detector.load(await fetchBytes(path), device, path);
  const images = await Promise.all(remote.map(async (image) => ({ ...image, data: await fetchBytes(image.path) })));
  const answers = await look(detector, images);
  await detector.release();
  return answers;
}

Object.assign(globalThis, { look: lookHere });
