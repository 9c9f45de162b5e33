/**
 * @file For tests: a card, a hand-encoded ONNX model that a guard accepts, and a device whose "network" is a few lines
 * of JavaScript, so that what surrounds the network can be tested by itself. Real networks: @hale/training's tests.
 */
import { encodeField, joinedBytes, sha256Hex } from "@hale/core";
import type { Device, InferenceSession } from "@hale/runtime";
import { writeArchive } from "./format/archive.ts";
import { type Card, RESEARCH_USE } from "./format/card.ts";
import { withCard } from "./format/model-card.ts";
import { INPUT, OUTPUTS, PART_PREFIX, prefixed, REQUIRED_OUTPUTS, VIEW_PREFIX } from "./outputs.ts";

export { withCard } from "./format/model-card.ts";

const SIZE = 4;

/** A field of a protocol buffer: a short number, or bytes. */
export function field(id: number, value: number | string | Uint8Array): Uint8Array {
  if (typeof value === "number") return Uint8Array.of(id << 3, value);
  const content = typeof value === "string" ? new TextEncoder().encode(value) : value;
  return message(Uint8Array.of((id << 3) | 2, content.length), content);
}

export function message(...fields: Uint8Array[]): Uint8Array {
  return Uint8Array.from(fields.flatMap((bytes) => [...bytes]));
}

/** A float tensor of two weights, with further fields. */
export function tensor(weights: readonly [number, number], ...more: Uint8Array[]): Uint8Array {
  const raw = new Uint8Array(Float32Array.from(weights).buffer);
  return message(field(1, 2), field(2, 1), field(8, "w"), field(9, raw), ...more);
}

/** A model of version 20 of ONNX's operators; fields may be long. */
export function onnx(...graphFields: Uint8Array[]): Uint8Array {
  return joinedBytes([
    field(1, 9),
    encodeField(7, joinedBytes(graphFields)),
    field(8, message(field(1, ""), field(2, 20))),
  ]);
}

/** An ONNX model in a file as hale writes them, with its card and true hashes, whatever the model. */
export async function forgeDetector(model: Uint8Array, card: Card = cardWith()): Promise<Uint8Array> {
  const text = (content: unknown) => `${JSON.stringify(content, null, 2)}\n`;
  const bytes = (content: string) => new TextEncoder().encode(content);
  const entries = { "card.json": bytes(text(card)), "model.onnx": withCard(model, text(card)) };
  const sha256 = Object.fromEntries(
    await Promise.all(Object.entries(entries).map(async ([name, content]) => [name, await sha256Hex(content)])),
  );
  const manifest = { kind: "hale detector", format: 1, sha256 };
  return writeArchive({ "manifest.json": bytes(text(manifest)), ...entries });
}

export const plainModel = onnx(
  field(5, tensor([0.5, -2])),
  field(1, message(field(1, "w"), field(2, "v"), field(4, "Identity"))),
);

export function cardWith(changes: Partial<Card> = {}): Card {
  return {
    format: 1,
    haleVersion: "0.1.0",
    method: { name: "sagan", title: "SAGAN", source: "arXiv", options: { width: 8 } },
    image: { size: SIZE, channels: 1, valueRange: "0 black, 1 full scale" },
    views: [],
    parts: [],
    counterpart: true,
    dataset: { name: "phantoms", trainNormals: 20, unlabelled: 10, selectionNormals: 4, thresholdNormals: 4 },
    training: {
      seed: 1,
      iterations: 100,
      selectedIteration: 80,
      selectionRule: "pseudo-AUC",
      selectionValue: 0.7,
      seconds: 12.5,
      device: "cpu",
      runtimeVersion: "1.30.0",
    },
    created: "2026-01-02T03:04:05Z",
    threshold: {
      value: 0.3,
      falseAlarmRate: 0.2,
      normals: 4,
      rank: 4,
      expectedRate: 0.2,
      low: 0.006,
      high: 0.6,
      level: 0.95,
    },
    thresholdReason: null,
    normalScores: [0.1, 0.2, 0.2, 0.3],
    mapScale: { p50: 0.01, p95: 0.1, p99: 0.2, max: 0.4, top: 0.5 },
    selfCheck: { seed: 1, size: 16, expectedScore: 0.25, tolerance: 1e-3 },
    intendedUse: "Research on phantoms.",
    notice: RESEARCH_USE,
    ...changes,
  };
}

/** What the pretended network answers to the pixels of one image, [C, H, W]. */
export type Answer = (pixels: Float32Array, dims: readonly number[]) => { score: number; map?: number };

const mapOf = ({ score, map = score }: ReturnType<Answer>) => map;

export interface FakeOptions {
  kind?: Device["kind"];
  answer?: Answer;
  outputNames?: string[];
  /** Views that the network gives, and how many values of each. */
  views?: Record<string, number>;
  /** Parts of the score that the network gives, and their values. */
  parts?: Record<string, number>;
  /** Whether the network restores images; it does by default. */
  counterpart?: boolean;
  refuse?: Error;
  /** Told of each run and its images; waited for. */
  onRun?: (images: number) => unknown;
}

/** A device whose sessions answer by `answer` (score 0.25 by default); `log` tells what happened. */
export function fakeDevice({
  kind = "cpu",
  answer,
  outputNames,
  views = {},
  parts = {},
  counterpart = true,
  refuse,
  onRun,
}: FakeOptions = {}) {
  const log = { runs: 0, atOnce: 0, mostAtOnce: 0, released: 0 };
  const session = {
    inputNames: [INPUT],
    outputNames: outputNames ?? [
      ...REQUIRED_OUTPUTS,
      ...(counterpart ? [OUTPUTS.healthy] : []),
      ...Object.keys(prefixed(VIEW_PREFIX, views)),
      ...Object.keys(prefixed(PART_PREFIX, parts)),
    ],
    async run({ [INPUT]: pixels }: { [INPUT]: { data: Float32Array; dims: readonly number[] } }) {
      log.runs++;
      log.mostAtOnce = Math.max(log.mostAtOnce, ++log.atOnce);
      await new Promise((resolve) => setTimeout(resolve, 1));
      await onRun?.(pixels.dims[0]);
      log.atOnce--;
      const [images, ...dims] = pixels.dims;
      const each = pixels.data.length / images;
      const answers = Array.from({ length: images }, (_, i) => {
        const own = pixels.data.subarray(i * each, (i + 1) * each);
        return answer?.(own, [1, ...dims]) ?? { score: 0.25 };
      });
      const area = SIZE * SIZE;
      const length = images * pixels.dims[1] * area;
      return {
        [OUTPUTS.score]: { data: Float32Array.from(answers, ({ score }) => score) },
        [OUTPUTS.map]: {
          data: Float32Array.from({ length: images * area }, (_, i) => mapOf(answers[Math.floor(i / area)])),
        },
        ...(counterpart && { [OUTPUTS.healthy]: { data: new Float32Array(length) } }),
        [OUTPUTS.prepared]: { data: new Float32Array(length).fill(0.5) },
        ...mapped(prefixed(PART_PREFIX, parts), (value) => ({ data: new Float32Array(images).fill(value) })),
        ...mapped(prefixed(VIEW_PREFIX, views), (count) => ({ data: new Float32Array(images * count).fill(-0.5) })),
      };
    },
    async release() {
      log.released++;
    },
  };
  const device: Device = {
    kind,
    threads: 1,
    host: "node",
    version: "fake",
    createSession: async () => {
      if (refuse) throw refuse;
      return session as unknown as InferenceSession;
    },
    tensor: (data, shape) => ({ data, dims: shape }) as unknown as ReturnType<Device["tensor"]>,
  };
  return { device, log };
}

function mapped<A, B>(values: Readonly<Record<string, A>>, change: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value)]));
}
