/** @file Two images that stand in two splits, beside each other; they are read when the pair comes into sight. */
import type { DatasetCheck } from "@hale/data";
import { useEffect, useRef, useState } from "react";
import { engine } from "../engine/client.ts";
import { unwrapped } from "../engine/outcome.ts";
import { FULL, pictureLayer } from "../score/layers.ts";

type Leak = DatasetCheck["leaks"][number];

export function Pair({ leak: { kind, a, b, splits, detail, similarity } }: { leak: Leak }) {
  return (
    <figure className="pair">
      <Thumbnail path={a} />
      <Thumbnail path={b} />
      <figcaption>
        <strong>{detail}</strong>
        {kind === "near-copy" && `, agreement ${similarity.toFixed(3)}`}
        <br />
        {a} ({splits[0]}) and {b} ({splits[1]})
      </figcaption>
    </figure>
  );
}

function Thumbnail({ path }: { path: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [fault, setFault] = useState(false);
  useEffect(() => {
    const element = canvas.current!;
    const show = async () => {
      const picture = unwrapped(await (await engine()).picture(path));
      const [width, height] = [picture.width, picture.height];
      Object.assign(element, { width, height });
      element.getContext("2d")?.drawImage(pictureLayer(picture, FULL), 0, 0);
    };
    const observer = new IntersectionObserver(([entry]) => {
      if (!entry.isIntersecting) return;
      observer.disconnect();
      show().catch(() => setFault(true));
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [path]);
  return (
    <canvas ref={canvas} role="img" aria-label={fault ? `${path} cannot be read` : path} width={160} height={160} />
  );
}
