/** @file Content items of structured reports (PS3.3 C.17.3), one function a value type. */
import { namesFrames, reference } from "./common.ts";
import type { SourceInstance } from "./source.ts";
import { type Attributes, decimal } from "./write.ts";

export type Relationship = "CONTAINS" | "HAS OBS CONTEXT" | "HAS ACQ CONTEXT" | "HAS CONCEPT MOD" | "INFERRED FROM";

function item(relationship: Relationship, type: string, name: Attributes, value: Attributes): Attributes {
  return { RelationshipType: relationship, ValueType: type, ConceptNameCodeSequence: [name], ...value };
}

export function text(relationship: Relationship, name: Attributes, value: string): Attributes {
  return item(relationship, "TEXT", name, { TextValue: value });
}

export function coded(relationship: Relationship, name: Attributes, value: Attributes): Attributes {
  return item(relationship, "CODE", name, { ConceptCodeSequence: [value] });
}

export function uid(relationship: Relationship, name: Attributes, value: string): Attributes {
  return item(relationship, "UIDREF", name, { UID: value });
}

/** A number with its unit. A double beside the decimal string holds it in full where 16 characters do not (C.18.1). */
export function number(
  relationship: Relationship,
  name: Attributes,
  value: number,
  unit: Attributes,
  children: Attributes[] = [],
): Attributes {
  const text = decimal(value);
  return item(relationship, "NUM", name, {
    MeasuredValueSequence: [
      {
        NumericValue: text,
        FloatingPointValue: Number(text) === value ? undefined : value,
        MeasurementUnitsCodeSequence: [unit],
      },
    ],
    ContentSequence: children.length > 0 ? children : undefined,
  });
}

export function container(relationship: Relationship, name: Attributes, children: Attributes[]): Attributes {
  return item(relationship, "CONTAINER", name, { ContinuityOfContent: "SEPARATE", ContentSequence: children });
}

/** An image, or frames or a segment of it; its purpose as the concept name, where it has one. */
export function image(
  relationship: Relationship,
  source: SourceInstance,
  purpose?: Attributes,
  part: { frames?: number[]; segment?: number } = {},
): Attributes {
  const { frames, segment } = part;
  return {
    RelationshipType: relationship,
    ValueType: "IMAGE",
    ConceptNameCodeSequence: purpose ? [purpose] : undefined,
    ReferencedSOPSequence: [
      {
        ...reference(source),
        ReferencedFrameNumber: namesFrames(source) && frames?.length ? frames : undefined,
        // C.18.4: for segmentations, and without frames.
        ReferencedSegmentNumber: segment,
      },
    ],
  };
}
