/** @file `/v1/jobs`: studies that take their time, with progress, and results that wait to be fetched. */
import { finished } from "node:stream";
import { answerFiles } from "../answers/files.ts";
import { formatOf } from "../answers/format.ts";
import { written } from "../answers/write.ts";
import type { Context } from "../context.ts";
import { busy, HttpFault } from "../faults.ts";
import type { Job } from "../jobs/jobs.ts";
import { jobId, jobQuery, job as jobSchema, resultsQuery, scored } from "../schemas.ts";
import { parseWay } from "../scoring/way.ts";
import { erase } from "../spool.ts";
import { type Received, receive } from "../upload.ts";
import { REFUSALS, type Routes } from "./routes.ts";
import { send } from "./score.ts";

/** Milliseconds between signs of life where nothing happens. */
const SIGN_EVERY = 15_000;

export function jobRoutes(routes: Routes, context: Context): void {
  const { spool, detectors, settings, jobs } = context;
  const { limits } = settings;
  routes.post(
    "/v1/jobs",
    {
      config: { admitted: true },
      schema: {
        operationId: "createJob",
        summary: "Score a study, and come back for its results",
        description: "Accepted means kept: it is done, or still waits, whatever becomes of the server.",
        consumes: ["multipart/form-data"],
        querystring: jobQuery,
        response: { 202: jobSchema, ...REFUSALS },
      },
    },
    async (request, reply) => {
      const { include, detector, ...way } = request.query;
      parseWay(way);
      const { name } = detectors.named(detector);
      jobs.checkRoom();
      const made = await spool.make("jobs");
      const received: Received = { files: [], bytes: 0 };
      try {
        await receive(request, made.folder, spool, limits, received);
        jobs.checkRoom();
        const job = await jobs.accept(made, received, { detector: name, include, way });
        const view = job.view();
        return reply.code(202).header("location", view.links.self).send(view);
      } catch (error) {
        spool.count(-received.bytes);
        await erase(made.folder);
        throw error;
      }
    },
  );
  routes.get(
    "/v1/jobs/:id",
    {
      schema: {
        operationId: "getJob",
        summary: "How far a job is",
        params: jobId,
        response: { 200: jobSchema, ...REFUSALS },
      },
    },
    async ({ params }) => jobs.named(params.id).view(),
  );
  routes.get(
    "/v1/jobs/:id/events",
    {
      schema: {
        operationId: "watchJob",
        summary: "Progress as server-sent events: `progress` with the job each time, `end` with it at last",
        params: jobId,
        produces: ["text/event-stream"],
      },
    },
    async ({ params }, reply) => {
      const job = jobs.named(params.id);
      if (context.streams.size >= limits.listeners) throw busy(5);
      reply.hijack();
      reply.raw.writeHead(200, {
        ...(reply.getHeaders() as Record<string, string>),
        "content-type": "text/event-stream",
      });
      follow(job, reply.raw, context.streams);
    },
  );
  routes.get(
    "/v1/jobs/:id/results",
    {
      schema: {
        operationId: "getResults",
        summary: "The results of a job, once: they are erased when they were delivered",
        params: jobId,
        querystring: resultsQuery,
        response: { 200: scored, ...REFUSALS },
      },
    },
    async (request, reply) => {
      const job = jobs.named(request.params.id);
      const format = formatOf(request.query.format, request.headers.accept);
      const { answer, error } = job.record;
      if (error) throw new HttpFault(422, error.code as HttpFault["code"], error.fault, error.remedy);
      if (!answer) {
        throw new HttpFault(409, "BUSY", "The job is not done.", "Ask again, or listen to its events.", {
          "retry-after": "1",
        });
      }
      const { outputs, ...rest } = answer;
      const result = await written(rest, await answerFiles(job.out, outputs), format, limits.jsonBytes);
      finished(reply.raw, (fault) => {
        if (!fault) void jobs.remove(job);
      });
      return send(reply, result);
    },
  );
  routes.delete(
    "/v1/jobs/:id",
    {
      schema: { operationId: "deleteJob", summary: "End and erase a job", params: jobId },
    },
    async ({ params }, reply) => {
      await jobs.remove(jobs.named(params.id));
      return reply.code(204).send();
    },
  );
}

/** Tells a listener of a job until it is over. */
function follow(job: Job, response: Parameters<Context["streams"]["add"]>[0], streams: Context["streams"]): void {
  streams.add(response);
  const tell = () => {
    const over = job.isOver || response.writableEnded;
    response.write(`event: ${over ? "end" : "progress"}\ndata: ${JSON.stringify(job.view())}\n\n`);
    if (over) response.end();
  };
  const clock = setInterval(() => response.write(": \n\n"), SIGN_EVERY);
  job.on("progress", tell);
  response.once("close", () => {
    clearInterval(clock);
    job.off("progress", tell);
    streams.delete(response);
  });
  tell();
}
