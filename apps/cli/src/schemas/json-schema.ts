/** @file JSON Schemas (draft 2020-12) of what `--json` prints, made of the layouts. */
import * as z from "zod";
import { type Layout, schemaName } from "../json.ts";
import { SCHEMAS } from "./index.ts";

type Schema = z.core.JSONSchema.JSONSchema;

/**
 * The schema of a layout's lines. A later version of hale may add fields, so that only a `closed` schema refuses those that it does
 * not know.
 */
export function jsonSchemaOf(layout: Layout, { closed = false }: { closed?: boolean } = {}): Schema {
  const { $schema, ...rest } = z.toJSONSchema(SCHEMAS[layout], {
    override: ({ jsonSchema }) => {
      if (!closed && jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
    },
  });
  const name = schemaName(layout);
  const title = `hale/${name}`;
  return { $schema, $id: `urn:hale:schema:${name}`, title, ...withLabel(rest as Schema, title) };
}

/** With what `labelled` puts in front. */
function withLabel(schema: Schema, name: string): Schema {
  if (schema.oneOf) return { ...schema, oneOf: schema.oneOf.map((one) => withLabel(one as Schema, name)) };
  return {
    ...schema,
    properties: {
      schema: { const: name },
      hale: { type: "string", description: "Version of hale." },
      ...schema.properties,
    },
    required: ["schema", "hale", ...(schema.required ?? [])],
  };
}
