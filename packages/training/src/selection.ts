/**
 * @file Choosing a checkpoint without labels: pseudo-AUC (Brainomaly, Siddiquee et al. 2023), the AUROC of held-out
 * known normals (label 0) against the whole unlabelled pool (label 1). With a share π of anomalies in the pool it tends
 * to π·AUC + (1-π)/2, so it ranks checkpoints as the AUROC would.
 */
import { auroc } from "@hale/statistics";

export function pseudoAuc(normalScores: ArrayLike<number>, unlabelledScores: ArrayLike<number>): number {
  const scores = Float64Array.of(...Array.from(normalScores), ...Array.from(unlabelledScores));
  const labels = Uint8Array.from(scores, (_, i) => (i < normalScores.length ? 0 : 1));
  return auroc(scores, labels);
}
