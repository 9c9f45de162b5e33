/** @file `GET /v1/detectors`: what can be asked, and what each knows of itself. */
import { nameOf } from "../answers/answer.ts";
import type { Context } from "../context.ts";
import type { Serving } from "../detectors.ts";
import { detectorParams, detectors as detectorsSchema, detectorView } from "../schemas.ts";
import { REFUSALS, type Routes } from "./routes.ts";

export function detectorRoutes(routes: Routes, { detectors }: Context): void {
  routes.get(
    "/v1/detectors",
    {
      schema: {
        operationId: "listDetectors",
        summary: "The detectors, with their cards; long lists of numbers are left to the card of one",
        response: { 200: detectorsSchema, ...REFUSALS },
      },
    },
    async () => ({ detectors: detectors.all.map((serving) => viewOf(serving, true)) }),
  );
  routes.get(
    "/v1/detectors/:name",
    {
      schema: {
        operationId: "getDetector",
        summary: "One detector, with all of its card",
        params: detectorParams,
        response: { 200: detectorView, ...REFUSALS },
      },
    },
    async ({ params }) => viewOf(detectors.named(params.name), false),
  );
}

function viewOf(serving: Serving, short: boolean) {
  const { loaded, group } = serving;
  const { normalScores, seen, domain, input, ...rest } = group.card;
  const card = short
    ? { ...rest, ...(input && { input: { ...input, volume: { ...input.volume, normalScores: undefined } } }) }
    : group.card;
  return { ...nameOf(serving), loaded: loaded.toISOString(), workers: group.load.workers, card };
}
