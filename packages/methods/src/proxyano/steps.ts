/**
 * @file ProxyAno's two training steps: both modules together, and the discriminator.
 */
import {
  type AdamOptions,
  adamUpdates,
  gradients,
  input,
  Parameters,
  type ProgramSpec,
  type StepSpec,
  type Tensor,
  traceStep,
} from "@hale/autodiff";
import type { ImageShape } from "../method.ts";
import { discriminatorLoss, type ObjectiveOptions, restorationLosses, type Scopes } from "./objective.ts";

export type StepOptions = ObjectiveOptions & Omit<AdamOptions, "learningRate"> & { batch: number };

export interface Steps {
  parameters: Parameters;
  scopes: Scopes;
  /** PEM and IRM. One program: batch statistics look across the images. */
  restoration: ProgramSpec;
  /** Null where there is no adversarial loss. Takes what the restoration step gave as `restored`. */
  discriminator: StepSpec | null;
}

export function trainingSteps(options: StepOptions, { size, channels }: ImageShape): Steps {
  const parameters = new Parameters();
  const scopes = {
    pem: parameters.scope("pem"),
    irm: parameters.scope("irm"),
    discriminator: parameters.scope("discriminator"),
  };
  const shape = [channels, size, size];
  const images = (name: string) => input(name, [options.batch, ...shape]);
  const { total, restored, updates, ...parts } = restorationLosses(scopes, options, {
    image: images("image"),
    proxy: images("proxy"),
    damaged: images("damaged"),
  });
  const modules = new Map([...parameters.trainable("pem/"), ...parameters.trainable("irm/")]);
  const losses = Object.entries(parts).flatMap(([name, loss]) => (loss ? [[name, loss] as const] : []));
  const restoration: ProgramSpec = {
    name: "restoration",
    outputs: { ...Object.fromEntries(losses), ...(parts.adversarial ? { restored } : {}) },
    updates: { ...adamUpdates(modules, gradients(total, [...modules.values()]), options), ...updates },
  };
  return {
    parameters,
    scopes,
    restoration,
    discriminator: parts.adversarial ? discriminatorStep(parameters, scopes, options, shape) : null,
  };
}

interface DiscriminatorImages {
  image: Tensor;
  restored: Tensor;
}

function discriminatorStep(parameters: Parameters, scopes: Scopes, options: StepOptions, shape: number[]): StepSpec {
  const trace = ({ image, restored }: DiscriminatorImages) => discriminatorLoss(scopes, options, image, restored);
  const step: Pick<StepSpec, "inputs" | "trace"> = {
    inputs: { image: shape, restored: shape },
    trace: (inputs) => {
      const { loss } = trace(inputs as unknown as DiscriminatorImages);
      return { loss, outputs: { loss } };
    },
  };
  traceStep(step, 1);
  const own = parameters.trainable("discriminator/");
  // The power iteration looks at weights alone, so that it can be done by the update.
  const one = input("any", [1, ...shape]);
  const { updates: directions } = trace({ image: one, restored: one });
  return {
    name: "discriminator",
    batch: options.batch,
    ...step,
    parameters: own,
    updates: (slopes) => ({ ...adamUpdates(own, slopes, options), ...directions }),
  };
}
