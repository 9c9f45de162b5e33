/** @file The page's end of the engine. A worker that crashes is replaced when it is asked for next. */
import { type Remote, wrap } from "comlink";
import type { Engine } from "./engine.ts";
import EngineWorker from "./worker.ts?worker";

/** Where the runtime, the reader's worker and the decoders lie, beside the page. */
export const ASSETS = new URL("engine/", document.baseURI).href;

let going: Promise<Remote<Engine>> | null = null;

/** Called when the worker has died; what it held is gone. */
export type OnCrash = (why: string) => void;
let crashed: OnCrash = () => {};
export const onCrash = (call: OnCrash) => {
  crashed = call;
};

export function engine(): Promise<Remote<Engine>> {
  going ??= new Promise((resolve, reject) => {
    const worker = new EngineWorker({ name: "engine" });
    const ready = ({ data }: MessageEvent) => {
      if (data !== "ready") return;
      worker.removeEventListener("message", ready);
      resolve(wrap<Engine>(worker));
    };
    worker.addEventListener("message", ready);
    worker.addEventListener("error", (event) => {
      worker.terminate();
      going = null;
      const why = event.message || "the browser ended it";
      reject(new Error(why));
      crashed(why);
    });
    worker.postMessage({ assets: ASSETS });
  });
  return going;
}
