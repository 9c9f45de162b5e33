import { Detector } from "@hale/detector";
import { readDetectorBytes } from "@hale/detector/node";
import { openDevice } from "@hale/runtime/node";
import { drawImages } from "./identity/images.ts";

const [file, ch] = process.argv.slice(2);
const a = await Detector.load(await readDetectorBytes(file), await openDevice({ kind: "cpu", threads: 1 }), file);
const b = await Detector.load(await readDetectorBytes(file), await openDevice({ kind: "wasm", threads: 1 }), file);
const ns = a.card.normalScores;
const m = ns.reduce((x, y) => x + y) / ns.length;
const sd = Math.sqrt(ns.reduce((x, y) => x + (y - m) ** 2, 0) / (ns.length - 1));
console.log("mean", m, "sd", sd, "top", a.card.mapScale);
for (const im of drawImages(Number(ch) as 1)) {
  const x = await a.examine(im),
    y = await b.examine(im);
  const d = (p: Float32Array, q: Float32Array) =>
    p.reduce((w, v, i) => Math.max(w, Math.abs(v - q[i])), 0).toExponential(1);
  console.log(
    im.width,
    x.score.toFixed(6),
    "rel",
    (Math.abs(x.score - y.score) / Math.max(sd, Math.abs(x.score))).toExponential(1),
    "prep",
    d(x.prepared.data, y.prepared.data),
    "map",
    d(x.anomalyMap.data, y.anomalyMap.data),
    x.healthy && d(x.healthy.data, y.healthy!.data),
    Object.entries(x.parts)
      .map(([k, v]) => `${k} ${v.toPrecision(4)} ${(y.parts[k] - v).toExponential(1)}`)
      .join(" "),
  );
}
