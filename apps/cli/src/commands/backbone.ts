/**
 * @file `hale backbone`: frozen networks for perceptual losses, from the plain form into ONNX, and what a file holds.
 */
import { existsSync } from "node:fs";
import { HaleError } from "@hale/core";
import { writeAtomic } from "@hale/core/node";
import { type Backbone, FeatureNetwork, writeBackbone } from "@hale/methods";
import { readBackboneFile, readPlainFolder } from "@hale/methods/node";
import { Command } from "commander";

export function backboneCommand(): Command {
  return new Command("backbone")
    .description("Frozen networks that a perceptual loss looks through")
    .addCommand(importCommand())
    .addCommand(showCommand());
}

function importCommand(): Command {
  return new Command("import")
    .description("Turn a network in the plain form (model.json and weights.bin) into an ONNX file with named features")
    .argument("<folder>", "folder with model.json and weights.bin")
    .requiredOption("--out <file>", "the ONNX file to write")
    .option("--force", "replace a file that is there already")
    .option("--json", "print the result as one JSON object")
    .addHelpText(
      "after",
      `
The file's outputs are the network's feature layers; later layers (classes) are left out. Its metadata say where the
weights are from and under which licence.

Examples:
  hale backbone import weights/squeezenet1.1 --out squeezenet.onnx
  hale backbone show squeezenet.onnx`,
    )
    .action(async (folder: string, { out, force, json }: { out: string; force?: boolean; json?: boolean }) => {
      if (existsSync(out) && !force) {
        throw new HaleError(
          "FILE_UNWRITABLE",
          `${out} is there already.`,
          "Add --force to replace it, or choose another --out.",
        );
      }
      await writeAtomic(out, await writeBackbone(await readPlainFolder(folder)));
      // Read again, so that what is shown is what later commands will see.
      show(await readBackboneFile(out), out, json);
    });
}

function showCommand(): Command {
  return new Command("show")
    .description("Tell a backbone's name, feature layers, origin and licence")
    .argument("<file>", "an ONNX file that hale backbone import wrote")
    .option("--json", "print one JSON object")
    .addHelpText("after", "\nExample:\n  hale backbone show squeezenet.onnx")
    .action(async (file: string, { json }: { json?: boolean }) => show(await readBackboneFile(file), file, json));
}

function show(backbone: Backbone, file: string, json?: boolean): void {
  const network = new FeatureNetwork(backbone);
  const { name, origin, licence, trainedOn, identity, input, weightsSha256 } = backbone.description;
  const layers = network.featureLayers.map((layer) => ({ layer, channels: network.channels(layer) }));
  if (json) {
    const { size } = input;
    console.log(JSON.stringify({ file, name, origin, licence, trainedOn, identity, size, weightsSha256, layers }));
    return;
  }
  const rows = {
    file,
    name,
    features: layers.map(({ layer, channels }) => `${layer} (${channels})`).join(", "),
    "trained on": trainedOn ?? "not recorded",
    origin,
    licence,
    identity: identity ?? "not recorded",
    weights: `SHA-256 ${weightsSha256}`,
  };
  for (const [label, value] of Object.entries(rows)) console.log(`${label.padEnd(10)} ${value}`);
}
