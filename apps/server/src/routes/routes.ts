/** @file What the files of routes have in common. */
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { fault } from "../schemas.ts";

export type Routes = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** Refusals that several routes have. */
export const REFUSALS = {
  "4xx": fault.meta({ description: "Refused: what is wrong, and what to do" }),
  "5xx": fault.meta({ description: "Not possible now: Retry-After says when to ask again" }),
};

/** A form with files; Fastify's own reader of forms checks it, not a schema. */
export const FORM = {
  required: true,
  content: {
    "multipart/form-data": {
      schema: {
        type: "object",
        required: ["file"],
        properties: {
          file: {
            type: "array",
            items: { type: "string", contentMediaType: "application/octet-stream" },
            description: "PNG, JPEG, TIFF, DICOM (files, or a zip of them), NIfTI, NRRD, MetaImage; one or many.",
          },
        },
      },
    },
  },
} as const;
