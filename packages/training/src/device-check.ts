/**
 * @file A small self-check of a device: two real training steps' worth of kernels, forward and backward, against the float64
 * reference. For `hale doctor`.
 */
import {
  conv2d,
  convTranspose2d,
  evaluate,
  gradients,
  input,
  instanceNorm,
  lower,
  relu,
  square,
  sum,
  tanh,
} from "@hale/autodiff";
import { Random } from "@hale/core";
import { type Device, type SelfCheck, selfCheck } from "@hale/runtime";

export interface DeviceCheck extends SelfCheck {
  /** Of compiling and running the check. */
  milliseconds: number;
}

/** Runs the gradient of a tiny restoration network on `device`. Throws DEVICE_UNAVAILABLE where it cannot run at all. */
export async function checkDevice(device: Device): Promise<DeviceCheck> {
  const started = performance.now();
  const random = new Random(1, "device check");
  const weights = [
    [4, 1, 3, 3],
    [4, 4, 4, 4],
    [4, 1, 4, 4],
  ].map((shape, i) => ({
    name: `w${i}`,
    shape,
    data: random.normals(
      shape.reduce((a, b) => a * b),
      0.3,
    ),
  }));
  const x = input("x", [1, 1, 8, 8]);
  const [w0, w1, w2] = weights.map(({ name, shape }) => input(name, shape));
  const hidden = relu(instanceNorm(conv2d(relu(conv2d(x, w0, { pad: 1 })), w1, { stride: 2, pad: 1 })));
  const loss = sum(square(tanh(convTranspose2d(hidden, w2, { stride: 2, pad: 1 }))));
  const [slope] = gradients(loss, [x]);
  const data = random.normals(64);
  const values = Object.fromEntries(weights.map(({ name, data: value }) => [name, value]));
  const [expected] = evaluate([slope], { x: data, ...values });
  const { bytes } = lower(
    "check",
    { slope },
    { target: device.kind, constants: new Map(weights.map((w) => [w.name, w])) },
  );
  const result = await selfCheck(device, {
    model: bytes,
    input: { name: "x", data, shape: [1, 1, 8, 8] },
    output: "slope",
    expected: expected.data,
    tolerance: 1e-3,
  });
  return { ...result, milliseconds: performance.now() - started };
}
