/**
 * @file What ONNX Runtime says when it fails, as a reason for people: without the places in its source, its codes and
 * the colours of its log.
 */
import { printable } from "@hale/core";
import type { InferenceSession } from "onnxruntime-common";

/** Colours of a terminal: ESC [ … m. */
const COLOURS = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, "g");

/** "/onnxruntime_src/…/graph.cc:123 onnxruntime::Graph::Resolve(…) ", and the like with drive letters. */
const PLACE =
  /(?:[A-Za-z]:)?[\\/][\w.\\/+-]+\.(?:cc|cpp|h|hpp|cu|inc)(?::\d+|\(\d+\))?:?\s*(?:\w+::[\w:~<>]*\([^)]*\)\s*)?/g;

/** The reason in an error's message. */
export function reasonOf(cause: unknown): string {
  const text = (cause instanceof Error ? cause.message : String(cause)).slice(0, 4000).replace(COLOURS, "");
  const checked = /(?:was false|returned false|was not true)\. ?(.*)$/s.exec(text)?.[1];
  const plain = (checked || text)
    .replace(PLACE, "")
    .replace(/\[ONNXRuntimeError\] : \d+ : [A-Z_]+ : /g, "")
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ /g, "")
    .replace(/\[[A-Z]:onnxruntime:[^\]]*\]\s*/g, "")
    .replace(/\s+/g, " ")
    .trim();
  // Names in it are the model's own.
  return printable(plain) || "it gives no reason";
}

/** The same error with its reason alone; one of ours stays as it is. */
export function plainError(cause: unknown): Error {
  if (cause instanceof Error && cause.name === "HaleError") return cause;
  return new Error(reasonOf(cause));
}

/** The same session; what it throws while it runs has its reason alone. */
export function plainSession(session: InferenceSession): InferenceSession {
  const run = session.run.bind(session) as (...args: unknown[]) => Promise<InferenceSession.ReturnType>;
  return Object.assign(session, {
    async run(...args: unknown[]) {
      try {
        return await run(...args);
      } catch (cause) {
        throw plainError(cause);
      }
    },
  });
}
