/**
 * @file SAGAN's two training steps: the critic's and the generator's.
 */
import {
  type AdamOptions,
  adamUpdates,
  Parameters,
  reshape,
  type Scope,
  type StepSpec,
  traceStep,
  transpose,
} from "@hale/autodiff";
import type { ImageShape } from "../method.ts";
import { generator, type NetworkOptions } from "./networks.ts";
import { criticLosses, type GeneratorOptions, generatorLosses } from "./objective.ts";

export interface Steps {
  parameters: Parameters;
  scopes: { generator: Scope; critic: Scope };
  critic: StepSpec;
  generator: StepSpec;
}

export function trainingSteps(
  options: NetworkOptions & GeneratorOptions & AdamOptions & { batch: number },
  { size, channels }: ImageShape,
): Steps {
  const parameters = new Parameters();
  const scopes = { generator: parameters.scope("generator"), critic: parameters.scope("critic") };
  const image = [channels, size, size];
  const critic: Omit<StepSpec, "name" | "batch" | "parameters" | "updates"> = {
    part: 8,
    inputs: { normal: image, unlabelled: image, mask: [1, size, size], mix: [1, 1, 1] },
    trace({ normal, unlabelled, mask, mix }) {
      const restored = generator(scopes.generator, unlabelled, options, mask);
      const { total, distance, penalty } = criticLosses(scopes.critic, options, normal, restored, mix);
      return { loss: total, outputs: { loss: total, distance, penalty } };
    },
  };
  const generating: typeof critic = {
    // An image's masks are those of unlabelled, normal and pasted.
    inputs: { normal: image, unlabelled: image, pasted: image, masks: [3, size, size] },
    trace({ normal, unlabelled, pasted, masks }) {
      const kindByKind = reshape(transpose(masks, [1, 0, 2, 3]), [3 * normal.shape[0], 1, size, size]);
      const batch = { normal, unlabelled, pasted, mask: kindByKind };
      const { total, ...parts } = generatorLosses(scopes, options, batch);
      return { loss: total, outputs: { loss: total, ...parts } };
    },
  };
  // Traced once to declare the parameters of both networks.
  traceStep(generating, 1);
  const step = (name: "critic" | "generator", traced: typeof critic): StepSpec => {
    const own = parameters.trainable(`${name}/`);
    const updates: StepSpec["updates"] = (slopes) => adamUpdates(own, slopes, options);
    return { name, batch: options.batch, ...traced, parameters: own, updates };
  };
  return { parameters, scopes, critic: step("critic", critic), generator: step("generator", generating) };
}
