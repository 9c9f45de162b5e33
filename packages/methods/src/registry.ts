/**
 * @file Every method, by name. Adding one is a folder and a line here.
 */
import { HaleError } from "@hale/core";
import { plainAutoencoder } from "./autoencoder/method.ts";
import { hqAnoGan } from "./hq-anogan/method.ts";
import { knn } from "./knn/method.ts";
import type { Method } from "./method.ts";
import { padim } from "./padim/method.ts";
import { patchcore } from "./patchcore/method.ts";
import { proxyAno } from "./proxyano/method.ts";
import { sagan } from "./sagan/method.ts";

export const methods: ReadonlyMap<string, Method> = new Map(
  ([sagan, proxyAno, hqAnoGan, plainAutoencoder, patchcore, padim, knn] as Method[]).map((method) => [
    method.name,
    method,
  ]),
);

/** The method of that name. Throws OPTION_INVALID naming those that there are. */
export function methodNamed(name: string): Method {
  const method = methods.get(name);
  if (method) return method;
  throw new HaleError(
    "OPTION_INVALID",
    `There is no method named ${name}.`,
    `Methods: ${[...methods.keys()].join(", ")}.`,
  );
}
