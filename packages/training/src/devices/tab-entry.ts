/** @file The page of tab.slow.test.ts: `call(name, ...args)` asks its worker. */
const worker = new Worker("/tab-worker.js", { type: "module" });
const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
let count = 0;

worker.onmessage = ({ data }: MessageEvent<{ id: number; value?: unknown; error?: string }>) => {
  const { resolve, reject } = waiting.get(data.id)!;
  waiting.delete(data.id);
  if (data.error === undefined) resolve(data.value);
  else reject(new Error(data.error));
};
worker.onerror = ({ message }) => {
  for (const { reject } of waiting.values()) reject(new Error(message));
};

Object.assign(globalThis, {
  call: (name: string, ...args: unknown[]) =>
    new Promise((resolve, reject) => {
      waiting.set(count, { resolve, reject });
      worker.postMessage({ id: count++, name, args });
    }),
});
