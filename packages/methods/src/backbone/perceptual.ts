/**
 * @file How different two images look to a backbone: LPIPS (Zhang et al. 2018, "The Unreasonable Effectiveness of Deep
 * Features as a Perceptual Metric", equation 1), with its learnt weights of channels or without.
 */
import { add, constant, div, mean, mul, sqrt, square, sub, sum, type Tensor } from "@hale/autodiff";
import { HaleError } from "@hale/core";
import * as z from "zod";
import type { FeatureNetwork } from "./network.ts";
import { issueOf } from "./plain-model.ts";

/**
 * Keeps the division by a length finite. LPIPS adds it to the length; here it is added under the root, where features
 * that are all zero (ReLU makes such) still have a gradient.
 */
const EPSILON = 1e-10;

/** Features [N, C, H, W] with the channels of each position scaled to length one. */
function unitNormalise(features: Tensor): Tensor {
  return div(features, sqrt(add(sum(square(features), [1], true), EPSILON)));
}

/** Squared differences of unit-normalised features, [N, C, H, W] for each layer. */
function differences(network: FeatureNetwork, a: Tensor, b: Tensor, layers: readonly string[]): Tensor[] {
  if (layers.length === 0)
    throw new HaleError("OPTION_INVALID", "A perceptual loss needs layers.", "Name at least one.");
  for (const layer of layers) network.channels(layer);
  const [left, right] = [a, b].map((images) => network.features(images, layers).map(unitNormalise));
  return left.map((features, i) => square(sub(features, right[i])));
}

const total = (parts: readonly Tensor[]) => parts.reduce((before, part) => add(before, part));

/**
 * Perceptual distance of images a and b [N, 1 or 3, H, W] in [-1, 1]: for each layer the squared difference of
 * unit-normalised features, summed over channels and averaged over positions; the mean over layers. [N], from 0 to 4,
 * symmetric.
 */
export function perceptualDistance(
  network: FeatureNetwork,
  a: Tensor,
  b: Tensor,
  layers: readonly string[] = network.featureLayers,
): Tensor {
  const parts = differences(network, a, b, layers).map((part) => mean(sum(part, [1], true), [1, 2, 3]));
  return mul(total(parts), 1 / layers.length);
}

/** The networks that LPIPS v0.1 has weights for, and the files of torchvision that those were trained on. */
const LPIPS_NETWORKS = {
  // Older and newer name; LPIPS's own code takes the one that its torchvision fetches.
  alex: ["torchvision/alexnet-owt-4df8aa71", "torchvision/alexnet-owt-7be5be79"],
  vgg: ["torchvision/vgg16-397923af"],
  squeeze: ["torchvision/squeezenet1_1-f364aa15", "torchvision/squeezenet1_1-b8a52dc0"],
} as const;
type LpipsNetwork = keyof typeof LPIPS_NETWORKS;

/** Torchvision's preparation of v from 0 to 255, to which LPIPS's own scaling layer amounts. */
const TORCHVISION = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

const linear = z.object({ channels: z.int().min(1), weights: z.array(z.number().min(0)) });
const linearFile = z.object({ nets: z.record(z.enum(["alex", "vgg", "squeeze"]), z.array(linear).min(1)) });

/** Weights of channels for each layer of each network that LPIPS knows. */
export type LpipsWeights = Record<LpipsNetwork, number[][]>;

/** Reads LPIPS's linear layers from their JSON form; `file` is for errors. Throws FILE_UNREADABLE. */
export function readLpipsWeights(text: string, file: string): LpipsWeights {
  const refused = (reason: string, cause?: unknown) =>
    new HaleError("FILE_UNREADABLE", `${file} has no linear layers of LPIPS: ${reason}.`, "Fetch it again.", { cause });
  let record: unknown;
  try {
    record = JSON.parse(text);
  } catch (cause) {
    throw refused("it is not JSON", cause);
  }
  const parsed = linearFile.safeParse(record);
  if (!parsed.success) throw refused(issueOf(parsed.error));
  const entries = Object.entries(parsed.data.nets).map(([net, layers]) => {
    const short = layers.findIndex(({ channels, weights }) => weights.length !== channels);
    if (short >= 0) throw refused(`layer ${short} of ${net} does not have a weight for each channel`);
    return [net, layers.map(({ weights }) => weights)];
  });
  return Object.fromEntries(entries);
}

/**
 * LPIPS v0.1 of a and b, [N]: as `perceptualDistance`, but channels weighted and layers summed. The weights mean something
 * on the very network that they were trained on only. Throws OPTION_INVALID unless the backbone is recorded as that one,
 * prepares images like it and has its channels in `layers`.
 */
export function lpipsDistance(
  network: FeatureNetwork,
  a: Tensor,
  b: Tensor,
  weights: LpipsWeights,
  layers: readonly string[] = network.featureLayers,
): Tensor {
  const own = weights[lpipsNetworkOf(network)];
  const channels = layers.map((layer) => network.channels(layer));
  const wanted = own.map((values) => values.length);
  if (`${channels}` !== `${wanted}`)
    throw refusedNetwork(network, `is read at layers of ${channels} channels where LPIPS reads ${wanted}`);
  const parts = differences(network, a, b, layers).map((part, i) =>
    mean(sum(mul(part, constant(own[i], [1, own[i].length, 1, 1])), [1], true), [1, 2, 3]),
  );
  return total(parts);
}

/** Which of LPIPS's networks a backbone is. Throws OPTION_INVALID where it is none. */
function lpipsNetworkOf(network: FeatureNetwork): LpipsNetwork {
  const { identity, input } = network.backbone.description;
  const found = (Object.keys(LPIPS_NETWORKS) as LpipsNetwork[]).find((net) =>
    (LPIPS_NETWORKS[net] as readonly string[]).includes(identity ?? ""),
  );
  if (!found) throw refusedNetwork(network, "is not recorded as the torchvision network that they were trained on");
  const near = (values: readonly number[], wanted: readonly number[]) =>
    values.every((value, i) => Math.abs(value / 255 - wanted[i]) < 1e-3);
  if (input.channelOrder !== "RGB" || !near(input.mean, TORCHVISION.mean) || !near(input.std, TORCHVISION.std))
    throw refusedNetwork(network, "does not prepare images as torchvision does");
  return found;
}

function refusedNetwork(network: FeatureNetwork, reason: string): HaleError {
  return new HaleError(
    "OPTION_INVALID",
    `LPIPS's linear weights do not belong on the backbone ${network.backbone.description.name}: it ${reason}.`,
    "Leave the linear weights out.",
  );
}
