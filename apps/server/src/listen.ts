/** @file A server from its settings to its end: opened in the order in which it can refuse, and stopped without losing work. */
import type { ServerResponse } from "node:http";
import { isIP } from "node:net";
import { join } from "node:path";
import { HaleError } from "@hale/core";
import { type App, createApp } from "./app.ts";
import type { Context } from "./context.ts";
import { Detectors, type Serving } from "./detectors.ts";
import { Admission } from "./guard/admission.ts";
import { Jobs } from "./jobs/jobs.ts";
import { type LogStream, placeOf } from "./log.ts";
import { type Metrics, openMetrics } from "./metrics.ts";
import { count } from "./routes/score.ts";
import { LIMITS, type Limits, type ServeSettings } from "./settings.ts";
import { Spool } from "./spool.ts";

export interface ServeOptions extends Omit<ServeSettings, "limits" | "loopback"> {
  /** Where to listen. */
  host: string;
  /** 0 for any that is free. */
  port: number;
  /** Serve others than this machine without a token. */
  insecure: boolean;
  limits?: Partial<Limits>;
  log: LogStream;
}

export interface Running {
  readonly app: App;
  readonly url: string;
  /** Replaces detectors whose files have changed. */
  reload(): Promise<void>;
  /** Takes no more work, finishes what it has, and ends. */
  stop(): Promise<void>;
}

const isLoopbackAddress = (host: string) =>
  host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));

/** Milliseconds between looks whether anything is under way, and after which what still is then is broken off. */
const LOOK_EVERY = 20;

/**
 * Loads the detectors, takes up the jobs that were left, and listens. Throws OPTION_INVALID for a server that all could ask,
 * or whose folder all could read, and what loading detectors throws; DEVICE_UNAVAILABLE where it cannot listen.
 */
export async function listen(options: ServeOptions): Promise<Running> {
  const { host, port, token, insecure, log } = options;
  const loopback = isLoopbackAddress(host);
  if (!loopback && token === null && !insecure) throw unguarded(host);
  const limits = { ...LIMITS, ...options.limits };
  const settings: ServeSettings = {
    ...options,
    limits,
    loopback,
    hosts: options.hosts.map((name) => name.toLowerCase()),
  };
  const spool = await Spool.open(settings.spool, limits.diskBytes);
  const opened: { app?: App; detectors?: Detectors } = {};
  try {
    const admission = new Admission(limits, spool);
    const loads = () => opened.detectors?.all.map(({ group }) => group.load) ?? [];
    const sum = (of: (load: ReturnType<typeof loads>[number]) => number) =>
      loads().reduce((total, load) => total + of(load), 0);
    const metrics = openMetrics({
      waiting: () => sum(({ waiting }) => waiting),
      running: () => sum(({ running }) => running),
      workers: () => sum(({ workers }) => workers),
      underWay: () => admission.underWay,
      jobs: () => jobs.unfinished,
      diskBytes: () => spool.bytes,
    });
    const place = { folder: join(spool.folder, "detectors"), workers: settings.workers, threads: settings.threads };
    const detectors = await Detectors.open(
      settings.detectors,
      place,
      eventsOf(metrics, () => opened.app),
    );
    opened.detectors = detectors;
    const ended = (serving: Serving | null, { record }: { record: { answer?: unknown } }) => {
      if (serving && record.answer) countJob(metrics, serving, record.answer as Parameters<typeof countJob>[2]);
    };
    const jobs = new Jobs(spool, detectors, limits, ended);
    await jobs.resume();
    const streams = new Set<ServerResponse>();
    const context: Context = { settings, detectors, jobs, spool, admission, metrics, streams };
    const app = await createApp(context, log);
    opened.app = app;
    await app.listen({ host, port }).catch((cause) => {
      throw notListening(host, port, cause);
    });
    detectors.watch();
    return running(app, context, spool);
  } catch (error) {
    await opened.app?.close();
    await opened.detectors?.close();
    await spool.close();
    throw error;
  }
}

function running(app: App, { settings, detectors, jobs, admission, streams }: Context, spool: Spool): Running {
  const address = app.server.address();
  const at = typeof address === "object" && address ? address : { address: "", port: 0 };
  const name = isIP(at.address) === 6 ? `[${at.address}]` : at.address;
  let stopped: Promise<void> | null = null;
  const stop = async () => {
    app.log.info({ event: "stopping" });
    admission.stopping = true;
    await jobs.settled(settings.limits.graceMilliseconds);
    while (admission.underWay > 0) await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY));
    jobs.hold();
    for (const stream of streams) stream.end();
    await app.close();
    await detectors.close();
    await spool.close();
    app.log.info({ event: "stopped" });
  };
  return {
    app,
    url: `${settings.tls ? "https" : "http"}://${name}:${at.port}`,
    reload: () => detectors.reload(),
    stop() {
      stopped ??= stop();
      return stopped;
    },
  };
}

function eventsOf(metrics: Metrics, app: () => App | undefined): Parameters<typeof Detectors.open>[2] {
  const codeOf = (error: unknown) => (error instanceof HaleError ? { code: error.code } : { place: placeOf(error) });
  return {
    batch: (tasks) => metrics.batch.observe(tasks),
    ended(why) {
      metrics.processesEnded.inc({ why });
      app()?.log.warn({ event: "worker ended", why });
    },
    restartFailed: (error) => app()?.log.error({ event: "worker not started", ...codeOf(error) }),
    defect: (place) => app()?.log.error({ event: "defect", place }),
    replaced(detector, sha256) {
      metrics.reloads.inc({ result: "replaced" });
      app()?.log.info({ event: "detector replaced", detector, sha256 });
    },
    notReplaced(detector, error) {
      metrics.reloads.inc({ result: "refused" });
      app()?.log.error({ event: "detector not replaced", detector, ...codeOf(error) });
    },
  };
}

type Decided = { results: { decision: string | null; domain?: { outside: boolean }; error: string | null }[] };

function countJob(metrics: Metrics, serving: Serving, { results }: Decided): void {
  const rows = results.map(({ decision, domain, error }) => ({ decision, domain: domain ?? null, error }));
  count({ metrics }, serving, { rows });
}

function unguarded(host: string): HaleError {
  return new HaleError(
    "OPTION_INVALID",
    `At ${host} others than this machine could ask, and there is no token.`,
    "Give a token by a file or by the environment, or say that everybody may ask.",
    { setting: "token" },
  );
}

function notListening(host: string, port: number, cause: unknown): HaleError {
  const { code } = cause as NodeJS.ErrnoException;
  return new HaleError(
    "DEVICE_UNAVAILABLE",
    `The server cannot listen at ${host}:${port} (${code}).`,
    "Choose another port.",
    {
      cause,
    },
  );
}
