/** @file The scores of a volume's slices; a click or the slider below goes to one. */
import { significant } from "@hale/core";
import { useEffect, useRef } from "react";
import uPlot from "uplot";
import { colour, usePlot } from "./plot.ts";

interface Props {
  slices: readonly { slice: number; score: number }[];
  axis: string;
  at: number;
  /** The threshold of single slices. */
  threshold: number | null;
  onSlice: (slice: number) => void;
}

export function SliceCurve({ slices, axis, at, threshold, onSlice }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const here = useRef(at);
  here.current = at;
  const plot = usePlot(
    box,
    (width) => {
      const options: uPlot.Options = {
        width,
        height: 120,
        legend: { show: false },
        cursor: { y: false, points: { size: 7 }, drag: { x: false, y: false } },
        scales: {
          x: { time: false },
          y: { range: (_, low, high) => [Math.min(0, low), Math.max(high, threshold ?? high) * 1.08 || 1] },
        },
        axes: [
          { stroke: colour("--soft"), grid: { show: false }, ticks: { stroke: colour("--rule") }, size: 28 },
          { stroke: colour("--soft"), grid: { stroke: colour("--rule"), width: 1 }, ticks: { show: false }, size: 44 },
        ],
        series: [{}, { stroke: colour("--accent"), width: 2, points: { show: slices.length < 40, size: 5 } }],
        hooks: { draw: [(u) => mark(u, here.current, threshold)] },
      };
      const data = [slices.map(({ slice }) => slice), slices.map(({ score }) => score)] as uPlot.AlignedData;
      const made = new uPlot(options, data, box.current!);
      made.over.addEventListener("click", () => {
        if (made.cursor.idx != null) onSlice(slices[made.cursor.idx].slice);
      });
      return made;
    },
    [slices, threshold],
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: the mark is drawn from `here`, which is `at`.
  useEffect(() => plot.current?.redraw(), [plot, at]);
  const highest = slices.reduce((a, b) => (b.score > a.score ? b : a));
  return (
    <figure className="plot">
      <div
        ref={box}
        role="img"
        aria-label={`Scores of ${slices.length} ${axis} slices; the highest, ${significant(highest.score)}, is slice ${highest.slice}.`}
      />
      <figcaption>
        <span className="key line">score by {axis} slice</span>
        {threshold !== null && <span className="key dashed">threshold of single slices</span>}
      </figcaption>
    </figure>
  );
}

function mark(plot: uPlot, slice: number, threshold: number | null): void {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.lineWidth = 1.5 * ratio;
  ctx.strokeStyle = colour("--ink");
  const x = plot.valToPos(slice, "x", true);
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
  if (threshold !== null) {
    const y = plot.valToPos(threshold, "y", true);
    ctx.strokeStyle = colour("--other");
    ctx.setLineDash([5 * ratio, 4 * ratio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
  }
  ctx.restore();
}
