/** @file The Web Worker that trains. Its first message says where the runtime's files are. */
import "../engine/jitless.ts";
import { expose } from "comlink";
import { TrainEngine } from "./train-engine.ts";

self.onmessage = ({ data }: MessageEvent<{ assets: string }>) => {
  self.onmessage = null;
  expose(new TrainEngine(data.assets));
  self.postMessage("ready");
};
