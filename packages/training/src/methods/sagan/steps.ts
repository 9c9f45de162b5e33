/**
 * @file SAGAN's two training steps: the critic's and the generator's, each traced for any number of images.
 */
import {
  type AdamOptions,
  adamUpdates,
  input,
  Parameters,
  reshape,
  type Scope,
  type StepSpec,
  transpose,
} from "@hale/autodiff";
import type { ImageShape } from "../method.ts";
import { generator, type NetworkOptions } from "./networks.ts";
import { criticLosses, type GeneratorOptions, generatorLosses } from "./objective.ts";

export interface Steps {
  parameters: Parameters;
  scopes: { generator: Scope; critic: Scope };
  /** Reads `normal`, `unlabelled` [N, C, S, S], `mask` [N, 1, S, S], `mix` [N, 1, 1, 1]. */
  critic: StepSpec;
  /** Reads `normal`, `unlabelled`, `pasted` [N, C, S, S], and `masks` [N, 3, S, S]: those of unlabelled, normal, pasted. */
  generator: StepSpec;
}

export function trainingSteps(
  options: NetworkOptions & GeneratorOptions & AdamOptions & { batch: number },
  { size, channels }: ImageShape,
): Steps {
  const parameters = new Parameters();
  const scopes = { generator: parameters.scope("generator"), critic: parameters.scope("critic") };
  const images = (name: string, rows: number) => input(name, [rows, channels, size, size]);
  const traceCritic = (rows: number) => {
    const mask = input("mask", [rows, 1, size, size]);
    const restored = generator(scopes.generator, images("unlabelled", rows), options, mask);
    const mix = input("mix", [rows, 1, 1, 1]);
    const losses = criticLosses(scopes.critic, options, images("normal", rows), restored, mix);
    return { loss: losses.total, outputs: { loss: losses.total, distance: losses.distance, penalty: losses.penalty } };
  };
  const traceGenerator = (rows: number) => {
    // Images come first, so that a part of the batch has its own masks; the losses want them kind by kind.
    const masks = transpose(input("masks", [rows, 3, size, size]), [1, 0, 2, 3]);
    const { total, ...parts } = generatorLosses(scopes, options, {
      normal: images("normal", rows),
      unlabelled: images("unlabelled", rows),
      pasted: images("pasted", rows),
      mask: reshape(masks, [3 * rows, 1, size, size]),
    });
    return { loss: total, outputs: { loss: total, ...parts } };
  };
  // Traced once to declare the parameters of both networks.
  traceGenerator(1);
  const step = (name: "critic" | "generator", trace: StepSpec["trace"]): StepSpec => {
    const own = parameters.trainable(`${name}/`);
    return {
      name,
      batch: options.batch,
      trace,
      parameters: own,
      updates: (slopes) => adamUpdates(own, slopes, options),
    };
  };
  return { parameters, scopes, critic: step("critic", traceCritic), generator: step("generator", traceGenerator) };
}
