/**
 * @file Attributes that enhanced multi-frame objects keep in functional groups, frame by frame or shared (PS3.3,
 * C.7.6.16), and that other objects keep at their top. Asked for by the macro's sequence, both look the same.
 */
import type { DataSet } from "./dataset.ts";

/** Sequences of functional group macros. */
export const MACRO = {
  pixelMeasures: 0x00289110,
  planePosition: 0x00209113,
  planeOrientation: 0x00209116,
  pixelValueTransformation: 0x00289145,
  frameVoi: 0x00289132,
  frameContent: 0x00209111,
  realWorldValue: 0x00409096,
  mrEcho: 0x00189114,
  mrDiffusion: 0x00189117,
  mrFrameType: 0x00189226,
  ctFrameType: 0x00189329,
  segment: 0x0062000a,
} as const;

export class FrameGroups {
  readonly #shared: DataSet | null;
  readonly #perFrame: DataSet[];

  constructor(readonly top: DataSet) {
    this.#shared = top.item(0x52009229);
    this.#perFrame = top.items(0x52009230);
  }

  /** True for objects with functional groups. */
  get enhanced(): boolean {
    return this.#shared !== null || this.#perFrame.length > 0;
  }

  /** The macro's item for a frame (from 0): its own, else the shared one; null where neither is there. */
  macro(sequence: number, frame: number): DataSet | null {
    return this.#perFrame[frame]?.item(sequence) ?? this.#shared?.item(sequence) ?? null;
  }

  /** The macro's item, else the data set itself, where classic objects keep the same attributes. */
  macroOrTop(sequence: number, frame: number): DataSet {
    return this.macro(sequence, frame) ?? this.top;
  }

  /** Whether frames may differ in a macro: no frame has an item of its own. */
  isShared(sequence: number): boolean {
    return this.#perFrame.every((group) => !group.has(sequence));
  }
}
