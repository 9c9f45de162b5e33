/** @file Counts what is decoded in this process, by the name that errors would give it: for tests that no command decodes a file twice. */
import { sharedReader } from "@hale/imaging/node";

/** How often each picture, scan or mask was decoded since; `stop` puts the reader back as it was. */
export function countReads(): { counts: Map<string, number>; stop(): void } {
  const reader = sharedReader();
  const { picture, read } = reader;
  const counts = new Map<string, number>();
  const count = (name: string) => void counts.set(name, (counts.get(name) ?? 0) + 1);
  Object.assign(reader, {
    picture: (...args: Parameters<typeof picture>) => {
      count(args[1]);
      return picture.apply(reader, args);
    },
    read: (...args: Parameters<typeof read>) => {
      count(args[1]);
      return read.apply(reader, args);
    },
  });
  return { counts, stop: () => void Object.assign(reader, { picture, read }) };
}
