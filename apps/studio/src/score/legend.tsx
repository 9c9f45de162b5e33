/** @file The one colour scale of all maps of a detector, in the map's units and in quantiles of normals. */
import { significant } from "@hale/core";
import { type Card, legendStops } from "@hale/detector";
import { useEffect, useRef } from "react";
import { legendLayer } from "./layers.ts";

export function Legend({ card, value }: { card: Card; value: number | null }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    canvas.current!.getContext("2d")!.drawImage(legendLayer(), 0, 0, 256, 1);
  }, []);
  const stops = legendStops(card, 3);
  const even = stops.filter(({ note }) => note === null);
  const marked = stops.filter(({ note }) => note !== null);
  const words = marked.map(({ value, note }) => `${significant(value)}: ${note}`).join("; ");
  const place = (share: number) => ({ left: `${100 * Math.min(1, Math.max(0, share))}%` });
  return (
    <figure className="legend" aria-label={`Colour scale of the map, 0 to ${significant(card.mapScale.top)}. ${words}`}>
      <div className="quantiles" aria-hidden="true">
        {marked.map(({ share, note }) => (
          <span key={note} style={place(share)} title={note!}>
            {note!.split(" ")[0]} %
          </span>
        ))}
      </div>
      <div className="scale" aria-hidden="true">
        <canvas ref={canvas} width={256} height={1} />
        {value !== null && <span className="pointer" style={place(value / card.mapScale.top)} />}
      </div>
      <div className="units" aria-hidden="true">
        {even.map(({ share, value }) => (
          <span key={share} style={place(share)}>
            {significant(value)}
          </span>
        ))}
      </div>
      <figcaption>Map value; above it the share of normal pixels that are below. The same for every image.</figcaption>
    </figure>
  );
}
