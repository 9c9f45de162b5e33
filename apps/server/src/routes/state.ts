/** @file What machines ask that watch the server: whether it lives, whether it takes work, and what it counts. */
import type { Context } from "../context.ts";
import { state } from "../schemas.ts";
import type { Routes } from "./routes.ts";

export function stateRoutes(routes: Routes, { detectors, admission, metrics }: Context): void {
  routes.get(
    "/healthz",
    { schema: { operationId: "health", summary: "Whether the process lives", response: { 200: state } } },
    async () => ({ status: "ok" }),
  );
  routes.get(
    "/readyz",
    {
      schema: {
        operationId: "ready",
        summary: "Whether it takes work: every detector is loaded, and it does not stop",
        response: { 200: state, 503: state },
      },
    },
    async (_, reply) => {
      if (admission.stopping) return reply.code(503).header("retry-after", "10").send({ status: "stopping" });
      if (!detectors.ready) return reply.code(503).header("retry-after", "5").send({ status: "loading" });
      return { status: "ready" };
    },
  );
  routes.get("/metrics", { schema: { operationId: "metrics", summary: "Counts for Prometheus" } }, async (_, reply) => {
    const text = await metrics.registry.metrics();
    return reply.type(metrics.registry.contentType).serializer(String).send(text);
  });
}
