/** @file The Web Worker that holds the engine. Its first message says where the runtime's files are. */
import "./jitless.ts";
import { expose } from "comlink";
import { Engine } from "./engine.ts";

self.onmessage = ({ data }: MessageEvent<{ assets: string }>) => {
  self.onmessage = null;
  expose(new Engine(data.assets));
  self.postMessage("ready");
};
