/**
 * @file What people see while they wait: a bar with rate and time left on a terminal, plain lines now and then when
 * piped. Progress goes to standard error, so that results on standard output stay clean.
 */

import { type Options, Presets, SingleBar } from "cli-progress";
import { isQuiet, note } from "./notes.ts";
import { warn } from "./output.ts";

/** "1 h 02 min", "3 min 20 s", "12 s". */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${String(whole % 60).padStart(2, "0")} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}

/** "1.2 GB", "340 MB". */
export function bytes(count: number): string {
  return count >= 1e9 ? `${(count / 1e9).toFixed(1)} GB` : `${Math.round(count / 1e6)} MB`;
}

export interface Progress {
  update(done: number, total: number, note?: string): void;
  stop(): void;
}

/** Seconds between lines where there is no terminal. */
const LINE_EVERY = 10;

/** Progress of one thing, called `what`. Silent when `quiet`. */
export function progress(what: string, quiet = false): Progress {
  if (quiet || isQuiet()) return { update() {}, stop() {} };
  const started = performance.now();
  const left = (done: number, total: number) => {
    const seconds = (performance.now() - started) / 1000;
    return done > 0 ? `${(done / seconds).toFixed(1)}/s, ${duration((seconds / done) * (total - done))} left` : "";
  };
  if (!process.stderr.isTTY) {
    let last = started;
    return {
      update(done, total, note = "") {
        if (performance.now() - last < LINE_EVERY * 1000 && done !== total) return;
        last = performance.now();
        warn([`${what}: ${done}/${total}`, left(done, total), note].filter(Boolean).join(", "));
      },
      stop() {},
    };
  }
  const options: Options = {
    format: `${what} {bar} {value}/{total} {rest}`,
    stream: process.stderr,
    hideCursor: true,
    clearOnComplete: false,
    barsize: 24,
    fps: 8,
    autopadding: false,
  };
  const bar = new SingleBar(options, Presets.shades_grey);
  let shown = false;
  return {
    update(done, total, note = "") {
      const rest = [left(done, total), note].filter(Boolean).join("  ");
      if (!shown) {
        bar.start(total, done, { rest });
        shown = true;
      } else {
        bar.setTotal(total);
        bar.update(done, { rest });
      }
    },
    stop() {
      if (shown) bar.stop();
    },
  };
}

/** How a command ends that saved because it was asked to: by Ctrl-C, by a polite kill, or by a terminal that was closed. */
const SAVED = { SIGINT: 3, SIGTERM: 143, SIGHUP: 129 } as const;
type StopName = keyof typeof SAVED;

/** How it ends when it is not given the time to save. */
const UNSAVED: Record<StopName, number> = { ...SAVED, SIGINT: 130 };

/** What the signals of this process stop: the command that asked last. */
let stopping: AbortController | undefined;
let requested: { name: StopName; at: number } | undefined;

/** A signal that Ctrl-C, a polite kill or the end of the terminal sets; a second one ends at once. */
export function stopSignal(): AbortSignal {
  if (!stopping) for (const name of Object.keys(SAVED)) process.on(name, stop);
  stopping = new AbortController();
  requested = undefined;
  return stopping.signal;
}

/** The exit code of a command that stopped on request, and has saved. */
export const stoppedCode = (): number => SAVED[requested?.name ?? "SIGINT"];

/** Milliseconds in which a second signal is the first: npm, scripts/ready.mjs and a terminal may each send theirs for one Ctrl-C. */
const ONE_REQUEST = 1000;

function stop(name: StopName): void {
  const now = performance.now();
  if (requested) {
    if (now - requested.at < ONE_REQUEST) return;
    process.exit(UNSAVED[name]);
  }
  requested = { name, at: now };
  stopping?.abort();
  note("\nStopping after this step, and saving. Once more to stop at once.");
}
