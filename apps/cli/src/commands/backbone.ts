/**
 * @file `hale backbone`: frozen networks that methods look through, from an ONNX file of another program or from the plain
 * form into a file with named features, and what a file holds.
 */

import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { HaleError, printableJson } from "@hale/core";
import { writeAtomic } from "@hale/core/node";
import { type Backbone, FeatureNetwork, type LayerRow, layerRows, writeBackbone } from "@hale/methods";
import { importOnnxFile, listOnnxFile, readBackboneFile, readPlainFolder } from "@hale/methods/node";
import { Command, InvalidArgumentError, Option } from "commander";
import { labelled } from "../json.ts";
import { wholeNumber } from "../options.ts";
import { print, warn } from "../output.ts";

export function backboneCommand(): Command {
  return new Command("backbone")
    .description("Frozen networks that methods look through: import from ONNX, list layers")
    .addCommand(importCommand())
    .addCommand(showCommand());
}

/** What is said of how a network wants its images; the plain form says so itself. */
interface Preparation {
  size?: number;
  range?: "0..1" | "0..255" | "-1..1";
  mean?: [number, number, number];
  std?: [number, number, number];
  channelOrder?: "RGB" | "BGR";
}

interface ImportOptions extends Preparation {
  out?: string;
  list?: boolean;
  features?: string[];
  name?: string;
  source?: string;
  licence?: string;
  force?: boolean;
  json?: boolean;
}

function importCommand(): Command {
  return new Command("import")
    .description(
      "Turn a network (an ONNX file, or a folder with model.json and weights.bin) into a file with named features",
    )
    .argument("<network>", "ONNX file of torchvision, timm or the like, or folder with model.json and weights.bin")
    .option("--out <file>", "the file to write")
    .option("--list", "print the network's layers and write nothing")
    .option("--features <names>", "layers that become features, with commas; default: the last of each size", names)
    .option("--licence <text>", "licence of the weights, for the cards of detectors")
    .option("--source <text>", "where the weights come from, for the cards of detectors")
    .option("--name <text>", "what the network is called (default: the file's name)")
    .option(
      "--size <pixels>",
      "side of its images, where the file leaves it open (default: 224)",
      wholeNumber(16, 1024),
    )
    .addOption(
      new Option("--range <range>", "what black and white are (default: 0..1)").choices(["0..1", "0..255", "-1..1"]),
    )
    .option("--mean <numbers>", "subtracted from the channels after that (default: 0.485,0.456,0.406)", three)
    .option("--std <numbers>", "and divided by (default: 0.229,0.224,0.225)", three)
    .addOption(new Option("--channel-order <order>", "of colours (default: RGB)").choices(["RGB", "BGR"]))
    .option("--force", "replace a file that is there already")
    .option("--json", "print the result as one JSON object")
    .addHelpText(
      "after",
      `
The file's outputs are the network's features; what they do not need (classes) is left out. A name may be that of a layer,
of a node or a value of the ONNX file, or of a module of PyTorch, which is its last layer. Images are prepared as torchvision
and timm do for ImageNet, unless the options say otherwise. How to export a network: packages/methods/src/backbone/README.md.

Examples:
  hale backbone import resnet50.onnx --list
  hale backbone import resnet50.onnx --out resnet50.backbone.onnx --features layer2,layer3 \\
    --source "torchvision ResNet50_Weights.IMAGENET1K_V2" --licence "BSD-3-Clause"
  hale backbone import weights/squeezenet1.1 --out squeezenet.onnx
  hale backbone show squeezenet.onnx`,
    )
    .action(async (network: string, options: ImportOptions) => {
      const { out, list, force, json } = options;
      const folder = await isFolder(network);
      if (list) return showRows(network, await listed(network, folder, options), json);
      if (out === undefined)
        throw new HaleError(
          "OPTION_INVALID",
          "There is no file to write to.",
          "Give --out, or --list to see the layers.",
        );
      if (existsSync(out) && !force) {
        throw new HaleError(
          "FILE_UNWRITABLE",
          `${out} is there already.`,
          "Add --force to replace it, or choose another --out.",
        );
      }
      const backbone = folder
        ? await plain(network, options)
        : await importOnnxFile(network, onnxOptionsOf(options), warn);
      await writeAtomic(out, await writeBackbone(backbone));
      // Read again, so that what is shown is what later commands will see.
      show(await readBackboneFile(out), out, json);
    });
}

const names = (text: string) => text.split(",").map((name) => name.trim());

function three(text: string): [number, number, number] {
  const values = text.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  if (values.length !== 3 || !values.every(Number.isFinite))
    throw new InvalidArgumentError("It must be three numbers with commas between them, for example 0.5,0.5,0.5.");
  return [values[0], values[1], values[2]];
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    // What is wrong with it is told where it is read.
    return false;
  }
}

function preparationOf({ size, range, mean, std, channelOrder }: Preparation): Preparation {
  return {
    ...(size !== undefined && { size }),
    ...(range !== undefined && { range }),
    ...(mean !== undefined && { mean }),
    ...(std !== undefined && { std }),
    ...(channelOrder !== undefined && { channelOrder }),
  };
}

function onnxOptionsOf(options: ImportOptions) {
  const { features, name, source, licence } = options;
  return {
    ...preparationOf(options),
    ...(features && { features }),
    ...(name !== undefined && { name }),
    ...(source !== undefined && { source }),
    ...(licence !== undefined && { licence }),
  };
}

/** The plain form, with what the options say of it. */
async function plain(folder: string, options: ImportOptions): Promise<Backbone> {
  if (Object.keys(preparationOf(options)).length > 0) {
    throw new HaleError(
      "OPTION_INVALID",
      `${folder} says itself how images are prepared.`,
      "Leave --size, --range, --mean, --std and --channel-order out, or change its model.json.",
    );
  }
  const { description, weights } = await readPlainFolder(folder);
  const { features, name, source, licence } = options;
  // Asking for a layer's channels refuses those that cannot be features.
  const network = new FeatureNetwork({ description, weights });
  for (const feature of features ?? []) network.channels(feature);
  return {
    description: {
      ...description,
      ...(features && { featureLayers: [...new Set(features)] }),
      ...(name !== undefined && { name }),
      ...(source !== undefined && { origin: source }),
      ...(licence !== undefined && { licence }),
    },
    weights,
  };
}

interface Listed {
  size: number;
  layers: LayerRow[];
}

async function listed(network: string, folder: boolean, options: ImportOptions): Promise<Listed> {
  if (!folder) return listOnnxFile(network, options.size);
  const backbone = await plain(network, options);
  return { size: backbone.description.input.size, layers: layerRows(backbone) };
}

function showCommand(): Command {
  return new Command("show")
    .description("Tell a backbone's name, layers, origin and licence")
    .argument("<file>", "a file that hale backbone import wrote")
    .option("--json", "print one JSON object")
    .addHelpText("after", "\nExample:\n  hale backbone show squeezenet.onnx")
    .action(async (file: string, { json }: { json?: boolean }) => show(await readBackboneFile(file), file, json));
}

function show(backbone: Backbone, file: string, json?: boolean): void {
  const network = new FeatureNetwork(backbone);
  const { name, origin, licence, trainedOn, identity, input, weightsSha256 } = backbone.description;
  const layers = network.featureLayers.map((layer) => ({ layer, channels: network.channels(layer) }));
  const all = layerRows(backbone);
  if (json) {
    const { size } = input;
    const known = { file, name, origin, licence, trainedOn, identity, size, input, weightsSha256 };
    print(printableJson(labelled("backbone show", { ...known, layers, all })));
    return;
  }
  const numbers = (values: readonly number[]) => values.map((value) => Number(value.toFixed(3))).join(", ");
  const rows = {
    file,
    name,
    features: layers.map(({ layer, channels }) => `${layer} (${channels})`).join(", "),
    images: `${input.size} x ${input.size}, ${input.channelOrder}, (v - [${numbers(input.mean)}]) / [${numbers(input.std)}], v from 0 to 255`,
    "trained on": trainedOn ?? "not recorded",
    origin,
    licence,
    identity: identity ?? "not recorded",
    weights: `SHA-256 ${weightsSha256}`,
  };
  for (const [label, value] of Object.entries(rows)) print(`${label.padEnd(10)} ${value}`);
  print(`\n${table(all, input.size)}`);
}

function showRows(network: string, { size, layers }: Listed, json?: boolean): void {
  if (json) print(printableJson(labelled("backbone layers", { network, size, layers })));
  else print(table(layers, size));
}

/** Layers with shapes; those that are features are marked. */
function table(rows: readonly (LayerRow & { modules?: readonly string[]; reason?: string })[], size: number): string {
  const cells = rows.map(({ name, op, shape, feature, modules = [], reason }) => {
    const others = modules.filter((module) => module !== name);
    const said = [
      ...(feature === undefined ? [] : [feature === name ? "feature" : `feature ${feature}`]),
      ...(others.length > 0 ? [`ends ${others.join(", ")}`] : []),
      ...(reason === undefined ? [] : [`not to be had: ${reason}`]),
    ];
    return [name, op, shape?.join(" x ") ?? "?", said.join("; ")];
  });
  const head = ["layer", "op", `shape at ${size}`, ""];
  const widths = [0, 1, 2].map((column) => Math.max(...[head, ...cells].map((row) => row[column].length)));
  return [head, ...cells]
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
