/** @file A card for a terminal. */
import { printable } from "@hale/core";
import { type Card, INTENDED_USE } from "../format/card.ts";
import { factsOf } from "./facts.ts";

/** Lines of text that end in a line feed; what a card's maker wrote cannot move the cursor. `name` is the detector's file. */
export function cardText(card: Card, name: string): string {
  const sections = factsOf(card);
  const width = Math.max(...sections.flatMap(({ facts }) => facts.map(([fact]) => fact.length)));
  const lines = sections.flatMap(({ title, facts }) => [
    "",
    title,
    ...facts.map(([fact, value]) => `  ${fact.padEnd(width)}  ${printable(value)}`),
  ]);
  return [printable(name), card.notice, INTENDED_USE, ...lines, ""].join("\n");
}
