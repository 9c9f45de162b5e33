/** @file What routes work with. */
import type { ServerResponse } from "node:http";
import type { Detectors } from "./detectors.ts";
import type { Admission } from "./guard/admission.ts";
import type { Jobs } from "./jobs/jobs.ts";
import type { Metrics } from "./metrics.ts";
import type { ServeSettings } from "./settings.ts";
import type { Spool } from "./spool.ts";

export interface Context {
  settings: ServeSettings;
  detectors: Detectors;
  jobs: Jobs;
  spool: Spool;
  admission: Admission;
  metrics: Metrics;
  /** Answers that go on until they are ended, such as the progress of a job. */
  streams: Set<ServerResponse>;
}
