/** @file The guard over workers that are made up here: what it does when one does not do its part. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { guard, type Link, type LinkEvents } from "./guard.ts";
import type { ReadAnswer, ReadRequest } from "./protocol.ts";

/** What is handed over, and how often a worker was opened and ended. */
class Fakes {
  events: LinkEvents[] = [];
  posted: { message: ReadRequest; handOver: ArrayBuffer[] }[] = [];
  ended = 0;
  busy = false;
  post: Link["post"] = () => {};
  open = (events: LinkEvents): Link => {
    this.events.push(events);
    queueMicrotask(() => events.answered({ kind: "ready" }));
    return {
      post: (message, handOver) => {
        this.posted.push({ message, handOver });
        this.post(message, handOver);
      },
      end: () => this.ended++,
      busy: (is) => {
        this.busy = is;
      },
    };
  };
  answer = (value: unknown, worker = this.events.length - 1) =>
    this.events[worker].answered({ kind: "read", value } as ReadAnswer);
}

const source = () => ({ bytes: Uint8Array.of(1, 2, 3) });

describe("a guard", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("refuses bytes that cannot be sent, and leaves nothing behind that ends a later reading", async () => {
    const fakes = new Fakes();
    const reader = guard(fakes.open, { milliseconds: 1000 }, () => 0);
    fakes.post = () => {
      throw new DOMException("it is detached", "DataCloneError");
    };
    await expect(reader.read(source(), "gone.png")).rejects.toMatchObject({
      name: "HaleError",
      code: "FILE_UNREADABLE",
      message: expect.stringContaining("gone.png"),
    });
    expect([vi.getTimerCount(), fakes.busy]).toEqual([0, false]);
    fakes.post = () => {};
    await vi.advanceTimersByTimeAsync(900);
    const later = reader.read(source(), "later.png");
    await vi.advanceTimersByTimeAsync(900);
    fakes.answer("it");
    expect(await later).toBe("it");
    expect([fakes.events.length, fakes.ended, vi.getTimerCount()]).toEqual([1, 0, 0]);
  });

  test("hears an answer that was there when the clock fired, and ends the worker where there is none", async () => {
    const fakes = new Fakes();
    const reader = guard(fakes.open, { milliseconds: 1000 });
    const late = reader.read(source(), "late.png");
    await vi.advanceTimersByTimeAsync(1010);
    fakes.answer("it");
    expect(await late).toBe("it");
    expect(fakes.ended).toBe(0);
    const never = expect(reader.read(source(), "never.png")).rejects.toMatchObject({ code: "IMAGE_TOO_SLOW" });
    await vi.advanceTimersByTimeAsync(1100);
    await never;
    expect(fakes.ended).toBe(1);
    const next = reader.read(source(), "next.png");
    await vi.advanceTimersByTimeAsync(10);
    // The word of a worker that was ended is not an answer for the next file.
    fakes.answer("old", 0);
    fakes.answer("new", 1);
    expect(await next).toBe("new");
  });

  test("refuses when no worker starts, in time or at all, and tries again for the next file", async () => {
    const fakes = new Fakes();
    const ways: ((events: LinkEvents) => Link)[] = [
      () => {
        throw new Error("no memory");
      },
      (events) => {
        queueMicrotask(() => events.died("crash", new Error("no script")));
        return { post() {}, end() {}, busy() {} };
      },
      () => ({ post() {}, end: () => fakes.ended++, busy() {} }),
    ];
    const reader = guard((events) => (ways.shift() ?? fakes.open)(events), { startMilliseconds: 5000 });
    for (const name of ["throws.png", "dies.png", "hangs.png"]) {
      const refusal = expect(reader.read(source(), name)).rejects.toMatchObject({
        name: "HaleError",
        code: "FILE_UNREADABLE",
        message: expect.stringContaining(name),
      });
      await vi.advanceTimersByTimeAsync(5001);
      await refusal;
    }
    expect(fakes.ended).toBe(1);
    const sound = reader.read(source(), "sound.png");
    await vi.advanceTimersByTimeAsync(1);
    fakes.answer("it");
    expect(await sound).toBe("it");
    expect(vi.getTimerCount()).toBe(0);
  });

  test("sends a copy of bytes that are a part of something larger, which stays as it is", async () => {
    const fakes = new Fakes();
    fakes.post = (message, handOver) => {
      structuredClone(message, { transfer: handOver });
      fakes.answer("it");
    };
    const reader = guard(fakes.open);
    const archive = Uint8Array.from({ length: 1000 }, (_, i) => i);
    const own = Uint8Array.of(9, 9);
    for (const give of [false, true]) {
      const companions = { "a.raw": archive.subarray(500, 520), "b.raw": own };
      await reader.read({ bytes: archive.subarray(10, 14), companions }, "a.mhd", give);
      const { message, handOver } = fakes.posted[fakes.posted.length - 1];
      expect("bytes" in message.source && message.source.bytes.buffer).not.toBe(archive.buffer);
      expect(handOver).toHaveLength(give ? 3 : 2);
      expect(handOver).not.toContain(archive.buffer);
      expect(archive.length).toBe(1000);
      expect(own.length).toBe(give ? 0 : 2);
    }
  });
});
