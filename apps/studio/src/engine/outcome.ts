/** @file What passes between page and worker: answers, or refusals in sentences. Errors lose their kind on the way, so they go as data. */
import { HaleError } from "@hale/core";

/** What is wrong, and what to do. */
export interface Refusal {
  code: HaleError["code"] | "DEFECT";
  fault: string;
  remedy: string;
}

export type Outcome<Value> = { value: Value } | { refusal: Refusal };

/** The refusal that an error is; a defect of ours says so. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof HaleError) return { code: error.code, fault: error.fault, remedy: error.remedy };
  const said = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return {
    code: "DEFECT",
    fault: `Something unexpected went wrong: ${said}.`,
    remedy: "Reload the page; please report it.",
  };
}

export async function outcomeOf<Value>(work: () => Promise<Value> | Value): Promise<Outcome<Value>> {
  try {
    return { value: await work() };
  } catch (error) {
    return { refusal: refusalOf(error) };
  }
}

/** The refusal of an outcome, thrown in the page. */
export class Refused extends Error {
  constructor(readonly refusal: Refusal) {
    super(`${refusal.fault} ${refusal.remedy}`);
  }
}

export function unwrapped<Value>(outcome: Outcome<Value>): Value {
  if ("refusal" in outcome) throw new Refused(outcome.refusal);
  return outcome.value;
}
