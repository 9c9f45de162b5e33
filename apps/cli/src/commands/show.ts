/**
 * @file `hale show`: the card of a detector, as text, JSON or a page. Nothing is run.
 */

import { basename } from "node:path";
import { HaleError, printableJson } from "@hale/core";
import { cardPage, cardText, readCard } from "@hale/detector";
import { readDetectorBytes } from "@hale/detector/node";
import { Command } from "commander";
import { labelled } from "../json.ts";
import { print } from "../output.ts";

export function showCommand(): Command {
  return new Command("show")
    .description("Tell what a detector knows of itself: method, data, training, threshold")
    .argument("<detector>", "a .hale file, or the model.onnx out of one")
    .option("--json", "print the card as one JSON object")
    .option("--html", "print a page that loads nothing else")
    .addHelpText(
      "after",
      `
Examples:
  hale show detector.hale
  hale show detector.hale --json > card.json
  hale show detector.hale --html > card.html`,
    )
    .action(async (file: string, { json, html }: { json?: boolean; html?: boolean }) => {
      if (json && html) {
        throw new HaleError("OPTION_INVALID", "--json and --html exclude one another.", "Choose one of them.");
      }
      const card = await readCard(await readDetectorBytes(file), file);
      if (json) print(printableJson(labelled("show", card)));
      else process.stdout.write(html ? cardPage(card, basename(file)) : cardText(card, file));
    });
}
