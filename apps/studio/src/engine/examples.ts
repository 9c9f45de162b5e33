/** @file The images of the first visit: phantoms, drawn here from seeds, as PNG files like any other. */
import { LESION_KINDS, type LesionKind, phantom } from "@hale/data";
import { encodePng } from "@hale/imaging";
import { EXAMPLE_SIZE, EXAMPLES_SEED } from "../examples-setting.ts";

export interface Example {
  name: string;
  kind: "normal" | LesionKind;
  blob: Blob;
}

/** Healthy ones and ones with each kind of lesion, each of a person of its own, that no detector has seen. */
export async function drawExamples(count = 24): Promise<Example[]> {
  const examples: Example[] = [];
  for (let i = 0; i < count; i++) {
    const lesion = i % 2 === 1 ? LESION_KINDS[(i >> 1) % LESION_KINDS.length] : undefined;
    const { image, kind } = phantom(EXAMPLES_SEED + i, { size: EXAMPLE_SIZE, lesion });
    const png = encodePng({ width: EXAMPLE_SIZE, height: EXAMPLE_SIZE, channels: 1, maxValue: 255, data: image });
    const name = `phantom-${String(i + 1).padStart(2, "0")}-${kind}.png`;
    examples.push({ name, kind, blob: new Blob([png as Uint8Array<ArrayBuffer>], { type: "image/png" }) });
    // Whatever else the worker was asked goes in between.
    await new Promise((done) => setTimeout(done));
  }
  return examples;
}
