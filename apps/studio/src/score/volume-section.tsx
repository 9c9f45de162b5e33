/** @file The way to a volume in three planes and in space; its viewer is loaded when it is asked for. */

import type { Card } from "@hale/detector";
import { lazy, Suspense, useState } from "react";
import { ToggleButton } from "react-aria-components";
import type { TableRow } from "../session.ts";

const Volume = lazy(() => import("./volume.tsx"));

export function VolumeSection({ entry, card }: { entry: TableRow; card: Card }) {
  const [open, setOpen] = useState(false);
  return (
    <section className="volume-section" aria-label="The whole volume">
      <ToggleButton isSelected={open} onChange={setOpen}>
        Three planes and 3D
      </ToggleButton>
      {open && (
        <Suspense fallback={<p className="soft">Loading the viewer of volumes …</p>}>
          <Volume entry={entry} card={card} />
        </Suspense>
      )}
    </section>
  );
}
