/** @file The losses of a run as curves: one at a time, since their scales have nothing in common. */
import { significant } from "@hale/core";
import type { LossLine } from "@hale/training/web";
import { useEffect, useMemo, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { colour, usePlot } from "../score/plot.ts";

/** Points of a curve at most; more are means of their neighbours. */
const POINTS = 600;

interface Props {
  lines: readonly LossLine[];
  iterations: number;
}

export function LossChart({ lines, iterations }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const names = useMemo(
    () => Object.keys(lines.at(-1) ?? {}).filter((name) => name !== "iteration" && name !== "seconds"),
    [lines],
  );
  const [asked, setAsked] = useState<string | null>(null);
  const name = asked !== null && names.includes(asked) ? asked : names[0];
  const curve = useMemo(() => curveOf(lines, name), [lines, name]);
  const plot = usePlot(
    box,
    (width) =>
      new uPlot(
        {
          width,
          height: 220,
          legend: { show: false },
          cursor: { show: false },
          scales: { x: { time: false, range: () => [0, Math.max(1, iterations)] } },
          axes: [
            { stroke: colour("--soft"), grid: { stroke: colour("--rule") }, size: 30 },
            { stroke: colour("--soft"), grid: { stroke: colour("--rule") }, size: 60 },
          ],
          series: [{}, { stroke: colour("--accent"), width: 2, points: { show: false } }],
        },
        [[], []],
        box.current!,
      ),
    [iterations],
  );
  useEffect(() => {
    plot.current?.setData(curve);
  }, [curve, plot]);
  if (name === undefined) return null;
  const latest = lines.at(-1)![name];
  return (
    <figure className="losses">
      <label>
        <span>Loss</span>
        <select value={name} onChange={(event) => setAsked(event.target.value)}>
          {names.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      </label>
      <div ref={box} role="img" aria-label={`${name} over ${lines.length} iterations, now ${significant(latest)}`} />
      <figcaption>
        {name} at iteration {lines.at(-1)!.iteration}: {significant(latest)}
      </figcaption>
    </figure>
  );
}

function curveOf(lines: readonly LossLine[], name: string | undefined): uPlot.AlignedData {
  if (name === undefined) return [[], []];
  const each = Math.max(1, Math.ceil(lines.length / POINTS));
  const [x, y]: [number[], number[]] = [[], []];
  for (let at = 0; at < lines.length; at += each) {
    const part = lines.slice(at, at + each);
    x.push(part.at(-1)!.iteration);
    y.push(part.reduce((sum, line) => sum + line[name], 0) / part.length);
  }
  return [x, y];
}
