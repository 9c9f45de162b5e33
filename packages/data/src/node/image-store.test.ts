/** @file What a store keeps, how much of it, and that nothing stale comes out. */
import { mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { emptyRaster } from "@hale/imaging";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ImageStore, keepNothing } from "./image-store.ts";

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "hale-store-"));
  for (const name of "abc") await writeFile(at(name), name);
});
afterEach(() => rm(root, { recursive: true }));

const at = (name: string) => join(root, name);
/** A picture of 100 bytes, and how often each was made. */
function maker() {
  const made: string[] = [];
  const of = (store: ImageStore, name: string, keep?: boolean) =>
    store.pictures.of(
      at(name),
      async () => {
        made.push(name);
        return { raster: emptyRaster(10, 10, 1), sha256: async () => name };
      },
      keep,
    );
  return { made, of };
}

test("what fits is made once; of what does not, only the last is at hand", async () => {
  const { made, of } = maker();
  const store = new ImageStore({ limit: 250 });
  for (const name of ["a", "b", "c", "c", "a", "b", "c"]) await of(store, name);
  expect(made).toEqual(["a", "b", "c"]);
  const none = maker();
  const nothing = keepNothing();
  for (const name of ["a", "a", "b", "a"]) await none.of(nothing, name);
  expect(none.made).toEqual(["a", "b", "a"]);
});

test("what is not asked to be kept is made each time", async () => {
  const { made, of } = maker();
  const store = new ImageStore();
  for (const keep of [false, false, true, false]) await of(store, "a", keep);
  expect(made).toEqual(["a", "a", "a"]);
});

test("a file that has changed is read anew", async () => {
  const { made, of } = maker();
  const store = new ImageStore();
  await of(store, "a");
  await utimes(at("a"), 1, 1);
  await of(store, "a");
  await of(store, "a");
  expect(made).toEqual(["a", "a"]);
});

test("what is given up makes room, unless later steps need everything", async () => {
  const { made, of } = maker();
  const store = new ImageStore({ limit: 250 });
  await of(store, "a");
  await of(store, "b");
  store.keepOnly([at("b")]);
  await of(store, "c");
  await of(store, "b");
  await of(store, "c");
  await of(store, "a");
  expect(made).toEqual(["a", "b", "c", "a"]);
  const all = maker();
  const whole = new ImageStore({ allPictures: true });
  await all.of(whole, "a");
  whole.keepOnly([]);
  await all.of(whole, "a");
  expect(all.made).toEqual(["a"]);
});
