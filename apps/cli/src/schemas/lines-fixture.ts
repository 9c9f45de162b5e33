/** @file Holds what `--json` has printed to the schemas that it names, fields that they do not know included. */
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { type Layout, schemaName } from "../json.ts";
import { SCHEMAS } from "./index.ts";
import { jsonSchemaOf } from "./json-schema.ts";

const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, validateFormats: false });
const checks = new Map<string, ValidateFunction>();

function checkOf(name: string): ValidateFunction {
  const known = checks.get(name);
  if (known) return known;
  const layout = (Object.keys(SCHEMAS) as Layout[]).find((one) => `hale/${schemaName(one)}` === name);
  if (!layout) throw new Error(`There is no schema ${name}.`);
  const check = ajv.compile(jsonSchemaOf(layout, { closed: true }));
  checks.set(name, check);
  return check;
}

/** Lines that name a schema. */
export function linesWithSchema(out: string): { schema: string }[] {
  return out
    .split("\n")
    .filter((line) => line.startsWith('{"schema":"hale/'))
    .map((line) => JSON.parse(line));
}

/** Throws for a line that is not as its schema says. Returns the names of the schemas. */
export function checkLines(out: string): string[] {
  return linesWithSchema(out).map((line) => {
    const { schema } = line;
    const check = checkOf(schema);
    if (!check(line)) throw new Error(`A line is not as ${schema} says: ${ajv.errorsText(check.errors)}`);
    return schema;
  });
}
