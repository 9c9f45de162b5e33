/**
 * @file The log: a line of JSON for each request and event. It has no names of files, no addresses with queries, no headers and
 * no words of errors, for any of them may hold a patient's identity; errors are told by their code, defects by their place.
 */
import type { FastifyServerOptions } from "fastify";

/** Where a defect was, without its words. */
export function placeOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const frames = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  return [error.name, ...frames.map((line) => line.trim())].join(" | ");
}

export type LogStream = { write(line: string): void };

export function logSettings(stream: LogStream): FastifyServerOptions["logger"] {
  const nothing = () => undefined;
  return {
    level: "info",
    base: undefined,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: {
      req: nothing,
      res: nothing,
      err: (error: Error & { code?: string }) => ({ type: error.name, code: error.code, place: placeOf(error) }),
    } as never,
    stream,
  };
}
