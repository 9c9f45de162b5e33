/** @file A volume with its map in three planes and in space, by NiiVue. Volume and map come as NIfTI on the scan's own grid. */
import { significant } from "@hale/core";
import type { Card } from "@hale/detector";
import { infernoTable } from "@hale/imaging";
import { Niivue, NVImage, SHOW_RENDER } from "@niivue/niivue";
import { useEffect, useRef, useState } from "react";
import { engine } from "../engine/client.ts";
import { Refused, unwrapped } from "../engine/outcome.ts";
import type { TableRow } from "../session.ts";

const MAP = "hale-inferno";

export default function Volume({ entry, card }: { entry: TableRow; card: Card }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [said, setSaid] = useState("Making the map of the whole volume …");
  const { id, part, file } = entry;
  const { p95, top } = card.mapScale;
  useEffect(() => {
    let gone = false;
    let viewer: Niivue | null = null;
    const show = async () => {
      const { scan, map } = unwrapped(await (await engine()).volume(id, part));
      if (gone || !canvas.current) return;
      viewer = new Niivue({
        isResizeCanvas: true,
        multiplanarShowRender: SHOW_RENDER.ALWAYS,
        backColor: [0, 0, 0, 1],
        dragAndDropEnabled: false,
        logLevel: "error",
      });
      await viewer.attachToCanvas(canvas.current);
      viewer.addColormap(MAP, inferno());
      const of = (bytes: Uint8Array, name: string, more: object) =>
        NVImage.loadFromUrl({ url: bytes.buffer as ArrayBuffer, name, ...more });
      viewer.addVolume(await of(scan, "scan.nii", { colormap: "gray" }));
      viewer.addVolume(await of(map, "map.nii", { colormap: MAP, cal_min: p95, cal_max: top, opacity: 0.7 }));
      viewer.setSliceType(viewer.sliceTypeMultiplanar);
      setSaid(
        `The map is drawn from ${significant(p95)} on, above which 5 % of normal pixels are. Drag to turn; wheel for slices.`,
      );
    };
    show().catch((error: unknown) => {
      if (!gone) setSaid(error instanceof Refused ? error.message : `The volume cannot be shown here: ${error}.`);
    });
    return () => {
      gone = true;
      viewer?.cleanup();
    };
  }, [id, part, p95, top]);
  return (
    <figure>
      <div className="volume">
        <canvas
          ref={canvas}
          role="img"
          aria-label={`Volume ${file} in three planes and in space, with its anomaly map`}
        />
      </div>
      <figcaption role="status">{said}</figcaption>
    </figure>
  );
}

/** The map's colours in NiiVue's form; the darkest are transparent. */
function inferno() {
  const table = infernoTable();
  const at = Array.from({ length: 16 }, (_, i) => i * 17);
  const part = (c: number) => at.map((i) => table[3 * i + c]);
  return { R: part(0), G: part(1), B: part(2), A: at.map((i) => Math.min(255, 60 + i)), I: at };
}
