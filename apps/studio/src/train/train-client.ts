/** @file The page's end of the training worker. One that crashes is replaced when it is asked for next. */
import { type Remote, wrap } from "comlink";
import { ASSETS } from "../engine/client.ts";
import type { TrainEngine } from "./train-engine.ts";
import TrainWorker from "./train-worker.ts?worker";

let going: Promise<Remote<TrainEngine>> | null = null;
let crashed: (why: string) => void = () => {};

/** Calls back when the worker has died; what is kept on disk is still there. */
export function onTrainCrash(call: (why: string) => void): void {
  crashed = call;
}

export function trainEngine(): Promise<Remote<TrainEngine>> {
  going ??= new Promise((resolve, reject) => {
    const worker = new TrainWorker({ name: "train" });
    const ready = ({ data }: MessageEvent) => {
      if (data !== "ready") return;
      worker.removeEventListener("message", ready);
      resolve(wrap<TrainEngine>(worker));
    };
    worker.addEventListener("message", ready);
    worker.addEventListener("error", ({ message }) => {
      worker.terminate();
      going = null;
      const why = message || "the browser ended it";
      reject(new Error(why));
      crashed(why);
    });
    worker.postMessage({ assets: ASSETS });
  });
  return going;
}
