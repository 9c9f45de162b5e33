/** @file A polite request to stop, an echo of it, and an impatient one. */
import { afterEach, expect, test, vi } from "vitest";

const before = process.listeners("SIGINT");
afterEach(() => {
  vi.restoreAllMocks();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    for (const listener of process.listeners(name)) if (!before.includes(listener)) process.off(name, listener);
});

test("one Ctrl-C may arrive twice, and ends nothing; a second one ends at once", async () => {
  // Another test of this process may have asked for the signal before.
  vi.resetModules();
  const { stopSignal } = await import("./terminal.ts");
  const now = vi.spyOn(performance, "now").mockReturnValue(10_000);
  const exit = vi.spyOn(process, "exit").mockImplementation((() => undefined) as unknown as typeof process.exit);
  const said = vi.spyOn(console, "error").mockImplementation(() => {});
  const signal = stopSignal();
  const listener = process.listeners("SIGINT").find((one) => !before.includes(one));
  if (!listener) throw new Error("Nobody listens.");
  expect(signal.aborted).toBe(false);
  listener("SIGINT");
  expect(signal.aborted).toBe(true);
  now.mockReturnValue(10_100);
  listener("SIGINT");
  expect(exit).not.toHaveBeenCalled();
  expect(said).toHaveBeenCalledTimes(1);
  now.mockReturnValue(10_900);
  listener("SIGINT");
  expect(exit).not.toHaveBeenCalled();
  now.mockReturnValue(11_100);
  listener("SIGINT");
  expect(exit).toHaveBeenCalledWith(130);
});

test.each([
  ["SIGINT", 3],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const)("after %s the exit code is %i", async (name, code) => {
  vi.resetModules();
  const { stopSignal, stoppedCode } = await import("./terminal.ts");
  vi.spyOn(console, "error").mockImplementation(() => {});
  const others = process.listeners(name);
  const signal = stopSignal();
  const listener = process.listeners(name).find((one) => !others.includes(one));
  listener?.(name);
  expect([signal.aborted, stoppedCode()]).toEqual([true, code]);
});
