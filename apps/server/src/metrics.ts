/** @file What is counted, for Prometheus. No label holds anything that a client wrote. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export interface Watched {
  waiting(): number;
  running(): number;
  workers(): number;
  underWay(): number;
  jobs(): number;
  diskBytes(): number;
}

export type Metrics = ReturnType<typeof openMetrics>;

export function openMetrics(watched: Watched) {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      ...{ name, help, registers },
      collect() {
        this.set(read());
      },
    });
  gauge("hale_queue_length", "Requests and jobs that wait for a process", watched.waiting);
  gauge("hale_scoring", "Requests and jobs that are being scored", watched.running);
  gauge("hale_workers", "Processes that score", watched.workers);
  gauge("hale_requests_under_way", "Requests for scores that are received, wait or are under way", watched.underWay);
  gauge("hale_jobs_unfinished", "Jobs that wait or are under way", watched.jobs);
  gauge("hale_spool_bytes", "Bytes that wait on disk", watched.diskBytes);
  const counter = <L extends string>(name: string, help: string, labelNames: L[]) =>
    new Counter({ name, help, labelNames, registers });
  return {
    registry,
    requests: counter("hale_http_requests_total", "Answers, by route and status", ["method", "route", "status"]),
    seconds: new Histogram({
      name: "hale_http_request_seconds",
      help: "Time from a request's head to the end of its answer",
      labelNames: ["method", "route"],
      buckets: SECONDS,
      registers,
    }),
    images: counter("hale_images_total", "Images, by detector and decision; outside: unlike the training images", [
      "detector",
      "decision",
      "outside",
    ]),
    batch: new Histogram({
      name: "hale_batch_requests",
      help: "Requests that were scored together",
      buckets: [1, 2, 4, 8],
      registers,
    }),
    processesEnded: counter("hale_workers_ended_total", "Processes that were ended or crashed", ["why"]),
    reloads: counter("hale_detector_reloads_total", "Detectors that were replaced, or could not be", ["result"]),
  };
}
