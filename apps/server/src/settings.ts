/** @file What a server may be told, and its limits where it is not. */

/** Limits, each held before memory or disk is taken. */
export interface Limits {
  /** Bytes of a request's body. */
  bodyBytes: number;
  /** Files of a request. */
  files: number;
  /** Bytes of one file. */
  fileBytes: number;
  /** Bytes that may wait on disk in all. */
  diskBytes: number;
  /** Requests that are received, wait or are under way. */
  requests: number;
  /** The same of one client. */
  clientRequests: number;
  /** Jobs that wait or are under way. */
  jobs: number;
  /** Listeners to the progress of jobs. */
  listeners: number;
  /** Milliseconds for receiving the head of a request. */
  headMilliseconds: number;
  /** Milliseconds for receiving a request. */
  receiveMilliseconds: number;
  /** Milliseconds that a request may wait before it is begun. */
  waitMilliseconds: number;
  /** Milliseconds without a result after which the process that works at a request is ended. */
  scoreMilliseconds: number;
  /** The same for jobs. */
  jobMilliseconds: number;
  /** Milliseconds that the results of a job wait to be fetched. */
  keepMilliseconds: number;
  /** Milliseconds that jobs may still take after the server was asked to stop; those that are not done wait for its next start. */
  graceMilliseconds: number;
  /** Bytes of files in a JSON answer. */
  jsonBytes: number;
}

const MB = 2 ** 20;
const SECOND = 1000;

export const LIMITS: Limits = {
  bodyBytes: 512 * MB,
  files: 4096,
  fileBytes: 512 * MB,
  diskBytes: 8192 * MB,
  requests: 256,
  clientRequests: 64,
  jobs: 64,
  listeners: 256,
  headMilliseconds: 10 * SECOND,
  receiveMilliseconds: 120 * SECOND,
  waitMilliseconds: 60 * SECOND,
  scoreMilliseconds: 60 * SECOND,
  jobMilliseconds: 600 * SECOND,
  keepMilliseconds: 3600 * SECOND,
  graceMilliseconds: 60 * SECOND,
  jsonBytes: 64 * MB,
};

/** A detector, and what requests call it. */
export interface NamedFile {
  name: string;
  path: string;
}

export interface ServeSettings {
  detectors: readonly NamedFile[];
  /** Processes for each detector, and threads of each. */
  workers: number;
  threads: number;
  /** Folder for what waits, of mode 0700. */
  spool: string;
  /** Who may ask: null for anybody. */
  token: string | null;
  /** Names by which the server may be asked, besides addresses and localhost. */
  hosts: readonly string[];
  /** Whether only this machine can reach it; then nothing but its own names for itself is accepted. */
  loopback: boolean;
  tls: { cert: string; key: string } | null;
  limits: Limits;
}
