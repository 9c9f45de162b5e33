/**
 * @file Measures leak detection on the real sets: leaks found in each as it is, and how many of 100 planted copies of
 * each kind are found with their originals; wrong pairs join a copy with an image of another group. Run by hand: `HALE_DATA=… node scripts/ready.mjs bench/leaks.ts [set …]`; writes results/leak-detection.csv.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { clusterOf, type Fingerprint, findNearCopies, fingerprint } from "@hale/data";
import { loadDataset, readImages } from "@hale/data/node";
import { seededRandom } from "@hale/statistics";
import { COPIES } from "../packages/data/src/copy-fixture.ts";

const ALL = ["brain-mri", "brain-mri-brats", "chest-xray", "retinal-oct", "retinal-fundus"];
const PLANTED = 100;
const RESULTS = "results/leak-detection.csv";
const HEAD = "set,images,copies,planted,found,wrong_pairs,least_agreement,cpu_seconds,command";

async function measure(folder: string, name: string): Promise<string[]> {
  const command = `HALE_DATA=… node scripts/ready.mjs bench/leaks.ts ${name}`;
  const { items } = await loadDataset(join(folder, name));
  const { images } = await readImages(items, (raster) => ({ raster, print: fingerprint(raster) }));
  const splits = items.map((item) => item.split);
  const own = timed(() =>
    findNearCopies(
      images.map(({ print }) => print),
      splits,
    ),
  );
  const least = (values: number[]) => (values.length > 0 ? Math.min(...values).toFixed(3) : "");
  const rows = [
    [
      name,
      items.length,
      "as it is",
      0,
      own.value.length,
      "",
      least(own.value.map((pair) => pair.correlation)),
      own.seconds,
    ],
  ];
  const train = images.filter((_, i) => splits[i] === "train");
  const random = seededRandom(1);
  for (const [kind, copy] of Object.entries(COPIES)) {
    const origins = Array.from({ length: PLANTED }, () => Math.floor(random() * train.length));
    const planted: Fingerprint[] = origins.map((i) => fingerprint(copy(train[i].raster, random)));
    const prints = [...planted, ...train.map(({ print }) => print)];
    const { value: pairs, seconds } = timed(() =>
      findNearCopies(
        prints,
        prints.map((_, i) => (i < PLANTED ? "test" : "train")),
      ),
    );
    const clusters = items.filter((item) => item.split === "train").map(clusterOf);
    const wrong = pairs.filter((pair) => clusters[origins[pair.a]] !== clusters[pair.b - PLANTED]);
    const right = pairs.filter((pair) => origins[pair.a] === pair.b - PLANTED);
    const agreement = least(right.map((pair) => pair.correlation));
    rows.push([name, train.length, kind, PLANTED, right.length, wrong.length, agreement, seconds]);
  }
  return rows.map((row) => [...row, command].map((cell) => (/,/.test(String(cell)) ? `"${cell}"` : cell)).join(","));
}

function timed<T>(run: () => T): { value: T; seconds: string } {
  const start = process.cpuUsage();
  const value = run();
  return { value, seconds: (process.cpuUsage(start).user / 1e6).toFixed(1) };
}

const folder = process.env.HALE_DATA;
if (!folder) throw new Error("Set HALE_DATA to the folder of the data sets.");
const names = process.argv.length > 2 ? process.argv.slice(2) : ALL;
const kept = previous().filter((line) => !names.some((name) => line.startsWith(`${name},`)));
for (const name of names) {
  const rows = await measure(folder, name);
  console.log(rows.join("\n"));
  kept.push(...rows);
  writeFileSync(RESULTS, `${[HEAD, ...kept].join("\n")}\n`);
}

function previous(): string[] {
  try {
    return readFileSync(RESULTS, "utf8").trim().split("\n").slice(1);
  } catch {
    return [];
  }
}
