/**
 * @file Draws `results/curves/*.csv` as one picture, `results/curves.svg`: for every data set the value that chooses a
 * checkpoint and the identity loss by iteration, a line a run. `node scripts/ready.mjs bench/curves.ts`
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeAtomic } from "@hale/core/node";
import { scaleLinear } from "d3-scale";
import { line } from "d3-shape";

const FOLDER = join("results", "curves");
const PANEL = { width: 360, height: 220, left: 48, right: 24, top: 34, bottom: 34 };
const QUANTITIES = [
  { column: "selection/pseudoAuc", title: "pseudo-AUC", range: [0.5, 1] },
  { column: "generator/identity", title: "identity loss", range: [0, 0.3] },
] as const;

interface Curve {
  /** For example "w8-b8" or "published-w8-b8". */
  variant: string;
  seed: number;
  points: [number, number][];
}

/** The curves of `column` by data set, from file names like `chest-xray-sagan-w8-b8-1.csv`. */
function readCurves(column: string): Map<string, Curve[]> {
  const curves = new Map<string, Curve[]>();
  for (const file of readdirSync(FOLDER).sort()) {
    const name = /^(.+)-sagan-(.+)-(\d+)\.csv$/.exec(file);
    if (!name) continue;
    const [head, ...rows] = readFileSync(join(FOLDER, file), "utf8").trim().split("\n");
    const at = head.split(",").indexOf(column);
    const points = rows
      .map((row) => row.split(","))
      .filter((fields) => fields[at])
      .map((fields): [number, number] => [Number(fields[0]), Number(fields[at])]);
    const curve = { variant: name[2], seed: Number(name[3]), points };
    curves.set(name[1], [...(curves.get(name[1]) ?? []), curve]);
  }
  return curves;
}

function panel(title: string, curves: readonly Curve[], range: readonly [number, number]): string {
  const { width, height, left, right, top, bottom } = PANEL;
  const last = Math.max(...curves.flatMap(({ points }) => points.map(([x]) => x)));
  const x = scaleLinear([0, last], [left, width - right]);
  const y = scaleLinear(range, [height - bottom, top]).clamp(true);
  const path = line<[number, number]>(
    ([at]) => Math.round(x(at) * 10) / 10,
    ([, value]) => Math.round(y(value) * 10) / 10,
  );
  const ticks = [
    ...x.ticks(4).map((at) => `<text x="${x(at)}" y="${height - bottom + 16}" text-anchor="middle">${at}</text>`),
    ...y
      .ticks(4)
      .map(
        (at) =>
          `<path d="M${left},${y(at)}H${width - right}" stroke="#ddd"/><text x="${left - 6}" y="${y(at) + 4}" text-anchor="end">${at}</text>`,
      ),
  ];
  const paths = curves.map(({ variant, seed, points }) => {
    const published = variant.startsWith("published");
    const style = published
      ? 'stroke="#999" stroke-dasharray="4 3"'
      : `stroke="${["#0072b2", "#d55e00", "#009e73"][(seed - 1) % 3]}"`;
    return `<path d="${path(points)}" fill="none" stroke-width="1.6" ${style}><title>${variant}, seed ${seed}</title></path>`;
  });
  return `<text x="${left}" y="18" font-weight="bold">${title}</text>${ticks.join("")}${paths.join("")}`;
}

const rows = QUANTITIES.map(({ column, title, range }) =>
  [...readCurves(column)].map(([dataset, curves]) => panel(`${dataset}: ${title}`, curves, range)),
);
const width = PANEL.width * Math.max(...rows.map((row) => row.length));
const height = PANEL.height * rows.length + 20;
const panels = rows.flatMap((row, r) =>
  row.map((content, c) => `<g transform="translate(${c * PANEL.width} ${r * PANEL.height})">${content}</g>`),
);
const legend = `<text x="48" y="${height - 8}">Colours: seeds of hale's defaults at width 8, batch 8. Dashed grey: the published form. Across: iterations. Checkpoints are chosen by pseudo-AUC.</text>`;
await writeAtomic(
  join("results", "curves.svg"),
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11"><rect width="100%" height="100%" fill="#fff"/>${panels.join("")}${legend}</svg>\n`,
);
