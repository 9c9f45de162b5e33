/** @file The scores of held-out normals, with the threshold among them and the score that is looked at. */
import { significant } from "@hale/core";
import type { Card } from "@hale/detector";
import { histogram } from "@hale/statistics";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useEffect, useMemo, useRef } from "react";
import { type Kind, yardstick } from "./judge.ts";
import { colour, usePlot } from "./plot.ts";

const BINS = 30;

interface Props {
  card: Card;
  kind: Kind;
  score: number | null;
}

export function Histogram({ card, kind, score }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const { normals, threshold } = yardstick(card, kind);
  const range = useMemo((): [number, number] => {
    const [low, high] = [normals[0] ?? 0, normals[normals.length - 1] ?? 1];
    const top = Math.max(high, score ?? high);
    const bottom = Math.min(low, score ?? low);
    const margin = (top - bottom || 1) * 0.04;
    return [bottom - margin, top + margin];
  }, [normals, score]);
  // The marks move without a new plot.
  const marks = useRef({ threshold: threshold?.value ?? null, score });
  marks.current = { threshold: threshold?.value ?? null, score };
  const plot = usePlot(
    box,
    (width) => {
      if (normals.length === 0) return null;
      const { edges, counts } = histogram(normals, BINS, [normals[0], normals[normals.length - 1]]);
      const centres = counts.map((_, i) => (edges[i] + edges[i + 1]) / 2);
      const options: uPlot.Options = {
        width,
        height: 150,
        legend: { show: false },
        cursor: { show: false },
        scales: { x: { time: false, range: () => range }, y: { range: (_, __, max) => [0, max * 1.1 || 1] } },
        axes: [
          { stroke: colour("--soft"), grid: { show: false }, ticks: { stroke: colour("--rule") }, size: 28 },
          { show: false },
        ],
        series: [
          {},
          {
            fill: colour("--bar"),
            stroke: colour("--bar"),
            width: 0,
            paths: uPlot.paths.bars!({ size: [0.9, 60] }),
            points: { show: false },
          },
        ],
        hooks: { draw: [(u) => drawMarks(u, marks.current)] },
      };
      return new uPlot(options, [centres, counts] as uPlot.AlignedData, box.current!);
    },
    [normals, range],
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: the marks are drawn from these.
  useEffect(() => plot.current?.redraw(), [plot, threshold, score]);
  if (normals.length === 0) return null;
  const said =
    `Histogram of the scores of ${normals.length} held-out normal ${kind === "volume" ? "volumes" : "images"}, ` +
    `${significant(normals[0])} to ${significant(normals[normals.length - 1])}` +
    (threshold ? `; threshold ${significant(threshold.value)}` : "") +
    (score === null ? "." : `; this score ${significant(score)}.`);
  return (
    <figure className="plot">
      <div ref={box} role="img" aria-label={said} />
      <figcaption>
        <span className="key bars">{normals.length} held-out normals</span>
        {threshold && <span className="key dashed">threshold {significant(threshold.value)}</span>}
        {score !== null && <span className="key solid">this image {significant(score)}</span>}
      </figcaption>
    </figure>
  );
}

function drawMarks(plot: uPlot, marks: { threshold: number | null; score: number | null }): void {
  const { ctx, bbox } = plot;
  const line = (value: number, stroke: string, dash: number[]) => {
    const x = Math.round(plot.valToPos(value, "x", true));
    ctx.save();
    ctx.strokeStyle = stroke;
    ctx.lineWidth = 2 * devicePixelRatio;
    ctx.setLineDash(dash.map((part) => part * devicePixelRatio));
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.restore();
  };
  if (marks.threshold !== null) line(marks.threshold, colour("--other"), [5, 4]);
  if (marks.score !== null) line(marks.score, colour("--ink"), []);
}
