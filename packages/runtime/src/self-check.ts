/**
 * @file A start-up self-check: a tiny network whose answer is known, run on the device that will be used. Wrong sums on
 * a GPU are known trouble; a detector must not be trusted there.
 */
import type { Device } from "./device.ts";

export interface SelfCheck {
  ok: boolean;
  /** Largest difference from the expected values. */
  error: number;
  tolerance: number;
}

/**
 * Runs `model` on `input` and compares with `expected`, worked out beforehand in float64. Model and values come from
 * the caller, since this package knows nothing of networks.
 */
export async function selfCheck(
  device: Device,
  check: {
    model: Uint8Array;
    input: { name: string; data: Float32Array; shape: readonly number[] };
    output: string;
    expected: ArrayLike<number>;
    tolerance?: number;
  },
): Promise<SelfCheck> {
  const session = await device.createSession(check.model, { outputs: [check.output] });
  const results = await session.run({ [check.input.name]: device.tensor(check.input.data, check.input.shape) });
  const actual = results[check.output].data as Float32Array;
  await session.release();
  const tolerance = check.tolerance ?? 1e-4;
  let error = 0;
  for (let i = 0; i < actual.length; i++) error = Math.max(error, Math.abs(actual[i] - check.expected[i]));
  return { ok: error <= tolerance, error, tolerance };
}
