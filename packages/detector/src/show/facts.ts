/** @file What a card says, in words, in sections: the same for terminals and pages. Laying them out is left to text.ts and page.ts. */
import { count, duration, percent, percentRange, significant } from "@hale/core";
import { formatNormalisation, formatSlices } from "@hale/imaging";
import type { Card, CardThreshold } from "../format/card.ts";
import { aggregationName } from "../format/input.ts";

/** What it is, and what the card says of it. */
type Fact = readonly [name: string, value: string];
/** Facts of which some are not there. */
type Facts = readonly (Fact | false | null | undefined)[];

export interface Section {
  title: string;
  facts: readonly Fact[];
}

/** All that a card says, besides its notice. */
export function factsOf(card: Card): Section[] {
  const sections: Record<string, Facts> = {
    Decision: decisionFacts(card),
    Method: methodFacts(card),
    Images: imageFacts(card),
    Data: dataFacts(card),
    Training: trainingFacts(card),
    Checks: checkFacts(card),
    Privacy: holdsFacts(card),
  };
  return Object.entries(sections).map(([title, facts]) => ({ title, facts: facts.filter((fact) => !!fact) }));
}

function decisionFacts({ threshold, thresholdReason, normalScores, input, mapScale, intendedUse }: Card): Facts {
  const facts: Fact[] = [
    ["intended use", intendedUse],
    ["threshold", threshold ? thresholdWords(threshold) : `none: ${thresholdReason}`],
    ["held-out normals", scoresWords(normalScores, "image")],
  ];
  if (input) {
    const { aggregation, threshold: limit, thresholdReason: reason, normalScores: scores } = input.volume;
    facts.push(
      ["score of a volume", `${aggregationName(aggregation)} of its slices' scores`],
      ["threshold of volumes", limit ? thresholdWords(limit) : `none: ${reason}`],
      ["held-out normal volumes", scoresWords(scores, "volume")],
    );
  }
  const { p50, p95, p99, max, top } = mapScale;
  const quantiles = [p50, p95, p99, max].map(significant).join(", ");
  facts.push(
    ["brightest colour of maps", significant(top)],
    ["maps of normals", `median, 95th and 99th percentile and highest of their pixels: ${quantiles}`],
  );
  return facts;
}

function thresholdWords({ value, falseAlarmRate, normals, low, high, level }: CardThreshold): string {
  return `a score above ${significant(value)} is said to be above the threshold: a false-alarm rate of ${percent(falseAlarmRate)} was asked for; ${percentRange(low, high)} at ${percent(level)} confidence, from ${count(normals, "normal")}`;
}

function scoresWords(scores: readonly number[], one: string): string {
  if (scores.length === 0) return "none";
  const middle = scores[scores.length >> 1];
  const [low, high] = [scores[0], scores[scores.length - 1]];
  return `${count(scores.length, one)}, scores ${significant(low)} to ${significant(high)}, median ${significant(middle)}`;
}

function methodFacts({ method, backbone, counterpart, views, parts }: Card): Facts {
  const options = Object.entries(method.options).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
  return [
    ["method", `${method.title} (${method.name})`],
    ["source", method.source],
    ["options", options.join(", ") || "none"],
    backbone && ["frozen network", `${backbone.name}, from ${backbone.origin}; licence: ${backbone.licence}`],
    backbone && ["its layers", backbone.layers.join(", ")],
    backbone?.sha256 !== undefined && ["its file", `SHA-256 ${backbone.sha256}`],
    ["healthy counterpart", counterpart ? "made of every image" : "none"],
    views.length > 0 && ["other pictures", views.join(", ")],
    parts.length > 0 && ["parts of the score", parts.join(", ")],
  ];
}

function imageFacts({ image, input }: Card): Facts {
  const foreground = input && input.leastForeground > 0;
  return [
    ["size", `${image.size} x ${image.size}, ${image.channels === 1 ? "grey" : "colour"}`],
    ["values", image.valueRange],
    input && ["scans", `${formatNormalisation(input.normalisation)}, slices ${formatSlices(input.slices)}`],
    foreground && ["slices left out", `with less than ${percent(input.leastForeground)} foreground`],
    input?.crop && ["crop", `to the foreground, with a margin of ${input.crop.margin} mm`],
    input && ["shape of slices", input.square ? "padded to squares" : "as they are, squeezed to squares"],
  ];
}

function dataFacts({ dataset }: Card): Facts {
  return [
    ["data set", dataset.name],
    dataset.licence !== undefined && ["licence", dataset.licence],
    ["normals to train", count(dataset.trainNormals, "image")],
    ["unlabelled to train", count(dataset.unlabelled, "image")],
    ["normals to select a checkpoint", count(dataset.selectionNormals, "image")],
    ["normals to set the threshold", count(dataset.thresholdNormals, "image")],
  ];
}

function trainingFacts({ training, created, haleVersion }: Card): Facts {
  const { seed, iterations, selectedIteration, selectionRule, selectionValue, seconds, device, runtimeVersion } =
    training;
  const value = selectionValue === null ? "" : `: ${significant(selectionValue)}`;
  return [
    ["iterations", `${iterations} in ${duration(seconds)}`],
    ["checkpoint", `iteration ${selectedIteration}; rule: ${selectionRule}${value}`],
    ["seed", String(seed)],
    ["device", device],
    ["made", created],
    ["versions", `hale ${haleVersion}, ONNX Runtime ${runtimeVersion}`],
  ];
}

function checkFacts({ selfCheck: { seed, size, expectedScore, tolerance }, domain, domainReason }: Card): Facts {
  const picture = `test picture ${seed}, ${size} pixels wide`;
  const look = "structure, fine texture, brightness values and colour";
  return [
    ["on loading", `${picture}: score ${significant(expectedScore)}, give or take ${significant(tolerance)}`],
    [
      "images unlike its own",
      domain
        ? `need review: compared with ${count(domain.images, "normal image")} by ${look}, and as inverted and upside down`
        : `not told: ${domainReason ?? "the detector does not describe its images."}`,
    ],
  ];
}

/** What there is of patients in the file. */
function holdsFacts({ seen, domain }: Card): Facts {
  const parts = ["weights, and with methods that fit features of its training images"];
  if (domain) parts.push("pooled statistics of their look");
  return [
    ["of patients it holds", parts.join("; ")],
    [
      "hashes of its images",
      seen
        ? `of ${count(seen.images, "image")}: whoever has the file and an image can tell whether it was used`
        : "none; they lie in DETECTOR.seen, beside where it was written",
    ],
  ];
}
