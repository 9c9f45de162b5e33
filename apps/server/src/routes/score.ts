/** @file `POST /v1/score`: files in, scores out, in one request. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { FastifyReply } from "fastify";
import { answerOf } from "../answers/answer.ts";
import { answerFiles } from "../answers/files.ts";
import { formatOf } from "../answers/format.ts";
import { written } from "../answers/write.ts";
import type { Context } from "../context.ts";
import type { Serving } from "../detectors.ts";
import { busy, HttpFault } from "../faults.ts";
import { type Scored, scored, scoreQuery } from "../schemas.ts";
import type { Asked, Scored as Outcome } from "../scoring/task.ts";
import { parseWay } from "../scoring/way.ts";
import { erase } from "../spool.ts";
import { type Received, receive } from "../upload.ts";
import { REFUSALS, type Routes } from "./routes.ts";

export function scoreRoutes(routes: Routes, context: Context): void {
  const { spool, detectors, settings } = context;
  const { limits } = settings;
  routes.post(
    "/v1/score",
    {
      config: { admitted: true },
      schema: {
        operationId: "score",
        summary: "Score images",
        description:
          "One image or several, in one request. DICOM files that belong together are scored as a series. The answer of one image has its fields at the top too.",
        consumes: ["multipart/form-data"],
        querystring: scoreQuery,
        response: { 200: scored, ...REFUSALS },
      },
    },
    async (request, reply) => {
      const { detector, include, format: asked, ...way } = request.query;
      parseWay(way);
      const format = formatOf(asked, request.headers.accept);
      detectors.named(detector);
      const { folder } = await spool.make("requests");
      const received: Received = { files: [], bytes: 0 };
      let erased = false;
      const finish = () => {
        if (erased) return;
        erased = true;
        spool.count(-received.bytes);
        void erase(folder);
      };
      reply.raw.once("close", finish);
      await receive(request, folder, spool, limits, received);
      // After the files are here: it may have been replaced meanwhile.
      const serving = detectors.named(detector);
      const out = include.length > 0 ? join(folder, "out") : null;
      if (out) await mkdir(out, { mode: 0o700 });
      const outcome = await scoreNow(context, reply, serving, { files: received.files, include, way, out });
      count(context, serving, outcome);
      const [only] = outcome.rows;
      if (outcome.rows.length === 1 && only.error) {
        const { code, fault, remedy } = only.error;
        throw new HttpFault(code === "IMAGE_TOO_LARGE" ? 413 : 422, code, fault, remedy);
      }
      const files = out ? await answerFiles(out, outcome.outputs) : [];
      return send(reply, await written(answerOf(serving, outcome), files, format, limits.jsonBytes));
    },
  );
}

/** Waits for a process, and then for its result; nobody who has left keeps one busy. */
async function scoreNow(
  { settings: { limits } }: Context,
  reply: FastifyReply,
  { group }: Serving,
  asked: Pick<Asked, "files" | "include" | "way" | "out">,
): Promise<Outcome> {
  let begun = false;
  const task = group.start({
    ...asked,
    ...{ urgent: true, patience: limits.scoreMilliseconds },
    onProgress: () => {
      begun = true;
    },
  });
  const leave = () => group.cancel(task);
  reply.raw.once("close", leave);
  let clock: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    clock = setTimeout(() => {
      if (begun || group.isUnderWay(task)) return;
      leave();
      reject(busy(10));
    }, limits.waitMilliseconds);
  });
  late.catch(() => {});
  try {
    return await Promise.race([task.result, late]);
  } finally {
    clearTimeout(clock);
    reply.raw.off("close", leave);
  }
}

/** Counts what was found: its share above the threshold, or outside the domain, tells of drift. */
export function count(
  { metrics }: Pick<Context, "metrics">,
  { name }: Pick<Serving, "name">,
  { rows }: { rows: readonly { decision: string | null; domain: { outside: boolean } | null; error: unknown }[] },
): void {
  for (const { decision, domain, error } of rows) {
    const outside = domain === null ? "unknown" : String(domain.outside);
    metrics.images.inc({ detector: name, decision: error ? "error" : (decision ?? "none"), outside });
  }
}

export function send(reply: FastifyReply, { type, headers, body }: Awaited<ReturnType<typeof written>>): Scored {
  reply.type(type).headers(headers);
  // Streams go out as they are: the schema is that of JSON.
  return reply.send(body as Scored) as unknown as Scored;
}
