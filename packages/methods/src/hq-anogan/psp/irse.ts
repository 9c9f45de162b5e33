/**
 * @file The body of the pSp encoder: a residual network whose units begin with a normalisation and end with a weight for
 * each channel, worked out from the whole map (IR-SE; Hu et al. 2018 for the weights, Deng et al. 2019 for the units).
 */
import {
  add,
  batchNormLayer,
  convLayer,
  filled,
  mean,
  mul,
  perChannel,
  prelu,
  relu,
  type Scope,
  sigmoid,
  slice,
  type Tensor,
} from "@hale/autodiff";

/** Running statistics that a training step replaces, by state name. */
export type Updates = Record<string, Tensor>;

/** How batch normalisations work: with the batch's statistics, gathering the running ones, or with the running ones alone. */
export type Mode = { train: Updates } | "evaluate";

/** Channels for one between the two layers that weigh channels. */
const REDUCTION = 16;
/** First slope of parametric ReLU (He et al. 2015). */
const FIRST_SLOPE = 0.25;

function normalise(scope: Scope, x: Tensor, mode: Mode): Tensor {
  const { output, updates } = batchNormLayer(scope, x, mode === "evaluate" ? "evaluate" : "train");
  if (mode !== "evaluate") Object.assign(mode.train, updates);
  return output;
}

/** Parametric ReLU with a slope a channel. */
function activate(scope: Scope, x: Tensor): Tensor {
  return prelu(x, perChannel(scope.parameter("slope", [x.shape[1]], filled(FIRST_SLOPE))));
}

/** Squeeze and excitation: each channel times a weight in (0, 1), made from the means of all channels. No biases. */
function weighChannels(scope: Scope, x: Tensor): Tensor {
  const channels = x.shape[1];
  const means = mean(x, [2, 3], true);
  const hidden = relu(convLayer(scope.child("1"), means, Math.ceil(channels / REDUCTION), 1));
  return mul(x, sigmoid(convLayer(scope.child("2"), hidden, channels, 1)));
}

/** Every `stride`-th pixel. */
function thin(x: Tensor, stride: number): Tensor {
  const [n, c, h, w] = x.shape;
  return slice(x, [0, 0, 0, 0], [n, c, Math.ceil(h / stride), Math.ceil(w / stride)], [1, 1, stride, stride]);
}

/** One unit: x [N, I, H, W] to [N, channels, H/stride, W/stride]. The shortcut is learnt only where the widths differ. */
function unit(scope: Scope, x: Tensor, channels: number, stride: number, mode: Mode): Tensor {
  const normal = normalise(scope.child("norm1"), x, mode);
  const first = activate(scope.child("prelu"), convLayer(scope.child("conv1"), normal, channels, 3, { pad: 1 }));
  const second = convLayer(scope.child("conv2"), first, channels, 3, { stride, pad: 1 });
  const residual = weighChannels(scope.child("weights"), normalise(scope.child("norm2"), second, mode));
  if (x.shape[1] === channels) return add(residual, thin(x, stride));
  const shortcut = scope.child("shortcut");
  return add(residual, normalise(shortcut.child("norm"), convLayer(shortcut, x, channels, 1, { stride }), mode));
}

/** The first layer: an image [N, C, R, R] to [N, channels, R, R]. */
export function stem(scope: Scope, x: Tensor, channels: number, mode: Mode): Tensor {
  const y = convLayer(scope, x, channels, 3, { pad: 1 });
  return activate(scope.child("prelu"), normalise(scope.child("norm"), y, mode));
}

export interface Stage {
  channels: number;
  units: number;
}

/** The map after each stage. The first unit of every stage halves the sides. */
export function stages(scope: Scope, x: Tensor, plan: readonly Stage[], mode: Mode): Tensor[] {
  const maps: Tensor[] = [];
  let y = x;
  plan.forEach(({ channels, units }, i) => {
    for (let j = 0; j < units; j++) {
      y = unit(scope.child(`stage${i + 1}/unit${j + 1}`), y, channels, j === 0 ? 2 : 1, mode);
    }
    maps.push(y);
  });
  return maps;
}
