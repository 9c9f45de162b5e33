/** @file What is seen as a PNG, with the score, the decision, the colour scale and "research use only" burnt in. */
import { significant } from "@hale/core";
import { type Card, legendStops, RESEARCH_USE } from "@hale/detector";
import type { TableRow } from "../session.ts";
import { judgedRow } from "./judge.ts";
import { legendLayer } from "./layers.ts";
import { drawLayers, type PaneLayer } from "./pane.tsx";
import { save } from "./save.ts";

interface Picture {
  entry: TableRow;
  card: Card;
  panes: readonly { title: string; layers: readonly PaneLayer[] }[];
  /** Width over height. */
  aspect: number;
}

/** Pixels. */
const HEIGHT = 512;
const MARGIN = 24;
const GAP = 16;
const FONT = '"Segoe UI", system-ui, Roboto, "Noto Sans", "Liberation Sans", sans-serif';

export async function savePng({ entry, card, panes, aspect }: Picture): Promise<void> {
  const wide = Math.round(HEIGHT * Math.min(4, Math.max(0.25, aspect)));
  const width = Math.max(560, 2 * MARGIN + panes.length * wide + (panes.length - 1) * GAP);
  const height = HEIGHT + 210;
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d")!;
  context.fillStyle = "#111417";
  context.fillRect(0, 0, width, height);
  const text = (
    words: string,
    x: number,
    y: number,
    size: number,
    fill = "#e6e8ea",
    align: CanvasTextAlign = "left",
  ) => {
    Object.assign(context, { font: `${size}px ${FONT}`, fillStyle: fill, textAlign: align });
    context.fillText(words, x, y, width - x);
  };
  const name = entry.file.split("/").at(-1)!;
  text(name, MARGIN, 34, 18);
  if (entry.row) {
    const row = judgedRow(entry.row, card);
    const score = row.score === null ? "" : `score ${significant(row.score)}: `;
    text(`${score}${row.meaning ?? row.error?.fault ?? ""}`, MARGIN, 58, 14, "#a3abb3");
  }
  panes.forEach(({ title, layers }, i) => {
    const left = MARGIN + i * (wide + GAP);
    drawLayers(context, layers, left, 76, wide, HEIGHT);
    text(title, left, 76 + HEIGHT + 18, 13, "#a3abb3");
  });
  const base = 76 + HEIGHT + 46;
  const long = width - 2 * MARGIN;
  context.imageSmoothingEnabled = true;
  context.drawImage(legendLayer(), MARGIN, base, long, 12);
  for (const { share, value, note } of legendStops(card, 3)) {
    const x = MARGIN + share * long;
    const align = share > 0.97 ? "right" : share < 0.03 ? "left" : "center";
    if (note === null) text(significant(value), x, base + 28, 12, "#e6e8ea", align);
    else text(`${note.split(" ")[0]} %`, x, base - 5, 12, "#a3abb3", align);
  }
  text("Map value; above: share of normal pixels below it.", MARGIN, base + 46, 12, "#a3abb3");
  text(RESEARCH_USE, width - MARGIN, base + 46, 14, "#efb14a", "right");
  const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/png"));
  if (blob) save(`${name.replace(/\.\w+$/, "")}-hale.png`, blob);
}
