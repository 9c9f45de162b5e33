/** @file The Web Worker that reads files for guarded.ts. The first message says where codecs are, the others are files. */
import { setDicomWasm } from "../formats/dicom/codecs.ts";
import { setJpegWasm } from "../formats/jpeg/wasm-source.ts";
import type { ReadRequest } from "../reader/guard/protocol.ts";
import { openGiven, serve } from "../reader/guard/serve.ts";
import type { WorkerAssets } from "./assets.ts";

interface WorkerScope {
  onmessage: ((event: MessageEvent) => void) | null;
  postMessage(message: unknown, transfer?: Transferable[]): void;
}

async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const scope = self as unknown as WorkerScope;
scope.onmessage = ({ data }: MessageEvent<WorkerAssets>) => {
  setJpegWasm(data.jpeg);
  setDicomWasm(data.dicom);
  scope.onmessage = async (event: MessageEvent<ReadRequest>) => {
    const [answer, handOver] = await serve(event.data, openGiven, sha256);
    scope.postMessage(answer, handOver);
  };
  scope.postMessage({ kind: "ready" });
};
