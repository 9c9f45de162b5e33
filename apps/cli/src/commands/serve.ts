/** @file `hale serve`: detectors behind HTTP, until a signal ends it. */
import { readFile } from "node:fs/promises";
import { availableParallelism, tmpdir, userInfo } from "node:os";
import { basename, join } from "node:path";
import { HaleError } from "@hale/core";
import type { Limits, NamedFile } from "@hale/server";
import { Command, InvalidArgumentError } from "commander";
import { wholeNumber } from "../options.ts";
import { print } from "../output.ts";

interface Options {
  host: string;
  port: number;
  tokenFile?: string;
  insecure?: boolean;
  allowHost: string[];
  tlsCert?: string;
  tlsKey?: string;
  workers: number;
  threads?: number;
  spool?: string;
  maxBody: number;
  maxRequests?: number;
  timeLimit: number;
  jobTimeLimit: number;
  keep: number;
}

const LEAST_WORKERS = 2;
const MOST_WORKERS = 4;

const gather = (text: string, before: string[]) => [...before, text];

export function serveCommand(): Command {
  const cores = availableParallelism();
  return new Command("serve")
    .description("Serve detectors over HTTP: images in, scores out")
    .argument("<detectors...>", ".hale files; NAME=FILE gives one another name than its file has", namedFile)
    .option("--host <address>", "where to listen; others than this machine need a token", "127.0.0.1")
    .option("--port <n>", "port; 0 for any that is free", wholeNumber(0, 65535), 8080)
    .option("--token-file <file>", "file with the token that requests must bear; else HALE_TOKEN, if it is set")
    .option("--insecure", "serve others than this machine without a token")
    .option("--allow-host <name>", "a name by which requests may ask this server; may be given again", gather, [])
    .option("--tls-cert <file>", "certificate, as PEM")
    .option("--tls-key <file>", "its key, as PEM")
    .option(
      "--workers <n>",
      "processes for each detector",
      wholeNumber(1, 64),
      Math.min(MOST_WORKERS, Math.max(LEAST_WORKERS, cores)),
    )
    .option("--threads <n>", "CPU threads of each process", wholeNumber(1, 256))
    .option("--spool <folder>", "folder for what waits, of mode 0700; jobs survive a restart there")
    .option("--max-body <MB>", "largest request", wholeNumber(1, 65536), 512)
    .option("--max-requests <n>", "most requests at a time", wholeNumber(1, 100_000))
    .option("--time-limit <s>", "seconds for an image", wholeNumber(1, 3600), 60)
    .option("--job-time-limit <s>", "seconds for an image or volume of a job", wholeNumber(1, 86_400), 600)
    .option("--keep <s>", "seconds that results of jobs wait to be fetched", wholeNumber(1, 604_800), 3600)
    .addHelpText(
      "after",
      `
The address is printed once it listens; the log goes to standard error, a line of JSON each. A file that changes is loaded
and takes its place without a stop; SIGHUP looks at once. SIGTERM and Ctrl-C finish what was accepted, a second one ends.

Examples:
  hale serve detector.hale
  curl -F file=@image.png http://127.0.0.1:8080/v1/score
  hale serve brain=a/detector.hale chest=b/detector.hale --port 9000
  hale serve detector.hale --host 0.0.0.0 --token-file token --tls-cert cert.pem --tls-key key.pem`,
    )
    .action(serve);
}

function namedFile(text: string, before: NamedFile[] = []): NamedFile[] {
  const [, given, path] = /^(?:([\w.-]+)=)?(.+)$/s.exec(text) ?? [];
  if (!path) throw new InvalidArgumentError("It must be a file, or NAME=FILE.");
  return [...before, { name: given ?? basename(path).replace(/\.hale$/i, ""), path }];
}

async function serve(detectors: NamedFile[], options: Options): Promise<void> {
  const { LIMITS, listen, readToken } = await import("@hale/server");
  const { host, port, workers } = options;
  const token = await readToken(options.tokenFile, process.env);
  const running = await listen({
    detectors,
    ...{ host, port, workers, token },
    threads: options.threads ?? Math.max(1, Math.floor(availableParallelism() / workers)),
    insecure: options.insecure === true,
    hosts: options.allowHost,
    tls: await tlsOf(options),
    spool: options.spool ?? join(tmpdir(), `hale-serve-${userInfo().uid}-${port === 0 ? process.pid : port}`),
    limits: limitsOf(options, LIMITS),
    log: process.stderr,
  });
  print(running.url);
  await new Promise<void>((resolve, reject) => {
    let asked = false;
    const stop = () => {
      if (asked) process.exit(130);
      asked = true;
      running.stop().then(resolve, reject);
    };
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, stop);
    process.on("SIGHUP", () => void running.reload());
  });
}

function limitsOf(
  { maxBody, maxRequests, timeLimit, jobTimeLimit, keep }: Options,
  { requests, clientRequests }: Limits,
): Partial<Limits> {
  const bytes = maxBody * 2 ** 20;
  return {
    ...{ bodyBytes: bytes, fileBytes: bytes },
    requests: maxRequests ?? requests,
    clientRequests: Math.min(maxRequests ?? requests, clientRequests),
    scoreMilliseconds: timeLimit * 1000,
    jobMilliseconds: jobTimeLimit * 1000,
    keepMilliseconds: keep * 1000,
  };
}

async function tlsOf({ tlsCert, tlsKey }: Options): Promise<{ cert: string; key: string } | null> {
  if (tlsCert === undefined && tlsKey === undefined) return null;
  if (tlsCert === undefined || tlsKey === undefined) {
    throw new HaleError("OPTION_INVALID", "TLS needs a certificate and its key.", "Give --tls-cert and --tls-key.");
  }
  const read = (file: string) =>
    readFile(file, "utf8").catch((cause) => {
      throw new HaleError("FILE_UNREADABLE", `${file} cannot be read.`, "Check path and rights.", { cause });
    });
  return { cert: await read(tlsCert), key: await read(tlsKey) };
}
