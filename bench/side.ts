/**
 * @file A process that answers JSON lines: one of the two sides of a benchmark. It does nothing while it is not asked.
 */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { HaleError } from "@hale/core";
import { sourceOptions } from "@hale/core/node";

export class Side {
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly lines: AsyncIterator<string>;

  private constructor(
    readonly name: string,
    command: string,
    args: readonly string[],
    env: Record<string, string>,
    inherited: NodeJS.ProcessEnv = process.env,
  ) {
    this.child = spawn(command, args, { env: { ...inherited, ...env } });
    this.child.stderr.pipe(process.stderr, { end: false });
    // A side that is gone is reported by the request that it leaves unanswered.
    this.child.on("error", () => {});
    this.child.stdin.on("error", () => {});
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  static typescript(name: string, file: string): Side {
    const script = fileURLToPath(new URL(file, import.meta.url));
    return new Side(name, process.execPath, [...sourceOptions(), script], {});
  }

  static python(name: string, python: string, file: string, env: Record<string, string>): Side {
    // What `scripts/ready.mjs` asks of glibc is for our side; peers settle it themselves.
    const inherited = Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith("MALLOC_")));
    return new Side(name, python, ["-u", fileURLToPath(new URL(file, import.meta.url))], env, inherited);
  }

  /** Sends a request and waits for its answer. Throws where the process fails. */
  async ask<Answer>(request: Record<string, unknown>): Promise<Answer> {
    this.child.stdin.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.lines.next();
    if (!done) return JSON.parse(value) as Answer;
    const what = `The ${this.name} side stopped while it was asked to ${request.command}.`;
    throw new HaleError("DEVICE_UNAVAILABLE", what, "Its own message stands above.");
  }

  /** Ends the process and waits until it is gone. */
  async close(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = new Promise((resolve) => this.child.once("close", resolve));
    this.child.stdin.end();
    await gone;
  }
}
