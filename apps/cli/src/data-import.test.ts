/** @file `hale data import` as people meet it: what it prints names nobody, whatever goes right or wrong. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  filesOf,
  plantedIn,
  put,
  putCollection,
  slice,
  ZEBEDEE,
} from "../../../packages/data/src/node/import/collection-fixture.ts";
import { type Result, runHale } from "./cli-fixture.ts";

const LIMIT = 120_000;
let root = "";

/** Runs `hale data import`, and refuses whatever it prints that was planted. */
async function importing(...args: string[]): Promise<Result> {
  const said = await runHale(root, ["data", "import", ...args], { XDG_CONFIG_HOME: join(root, "config") });
  expect(plantedIn(said.out), said.out).toEqual([]);
  expect(plantedIn(said.err), said.err).toEqual([]);
  expect(said.err).not.toMatch(/\n\s+at |unexpected fault/);
  return said;
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "hale-import-cli-"));
  await putCollection(join(root, "Quillfeather"));
});
afterAll(() => rm(root, { recursive: true }));

test(
  "an import names nobody in what it prints and writes, and says where the key and the way back are",
  async () => {
    const { code, out, err } = await importing("Quillfeather", "--out", "set", "--classes", "cyst");
    expect([code, err]).toEqual([0, expect.stringMatching(/Looking at files: 26\/26[\s\S]*Writing scans: 10\/10/)]);
    expect(out).toMatch(/^set: 9 images \(4 normal, 4 abnormal, 1 unlabelled\), 1 masks, 2 patients, 6 studies/);
    expect(out).toMatch(/ 1 {2}localizer[\s\S]* 1 {2}burned-in:[\s\S]* 1 {2}duplicate/);
    expect(out).toContain(join(root, "config", "hale", "pseudonym.key"));
    expect(out).toContain(join(root, "config", "hale", "pseudonym.sources.csv"));
    for (const [path, bytes] of await filesOf(join(root, "set"))) {
      expect([...plantedIn(path), ...plantedIn(bytes)], path).toEqual([]);
    }
    expect((await readFile(join(root, "config", "hale", "pseudonym.sources.csv"), "utf8")).split("\n").length).toBe(29);

    const again = await importing("Quillfeather", "--out", "set", "--classes", "cyst", "--json");
    expect([again.code, again.err]).toEqual([0, ""]);
    expect(JSON.parse(again.out)).toMatchObject({ added: 0, known: 9, counts: { scans: 9 } });
  },
  LIMIT,
);

test(
  "every refusal is one sentence that names nobody",
  async () => {
    const labels = join(root, "Quillfeather labels.csv");
    const refusals: [RegExp, number, string[]][] = [
      [/There is no file or folder that source 1 names/, 1, ["Zebedee", "--out", "x"]],
      [/required option '--out/, 2, ["Quillfeather"]],
      [/It must hold one group/, 2, ["Quillfeather", "--out", "x", "--patient-pattern", "sub"]],
      [/The table of labels cannot be read/, 1, ["Quillfeather", "--out", "x", "--labels", "Zebedee.csv"]],
      [/The table of labels, line 2: its label is unknown/, 1, ["Quillfeather", "--out", "x", "--labels", labels]],
      [/would lie inside the data set/, 2, ["Quillfeather", "--out", "x", "--key", join("x", "k.key")]],
      [/1 scans have two labels: [0-9a-f]{16}\./, 1, ["Zebedee torn", "--out", "x"]],
    ];
    await writeFile(labels, `patient,label\n${ZEBEDEE.id},Quillfeather\n`);
    const one = slice({ person: ZEBEDEE, study: "1", series: "1", number: 1 });
    await put(join(root, "Zebedee torn"), { "normal/1": one, "abnormal/1": one });
    for (const [sentence, code, args] of refusals) {
      const refused = await importing(...args);
      expect([refused.code, refused.out, refused.err]).toEqual([code, "", expect.stringMatching(sentence)]);
    }
  },
  LIMIT,
);
