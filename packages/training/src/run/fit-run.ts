/**
 * @file Learning by a fit, with a run's files: one pass over the normals, with a checkpoint of what was gathered every so often,
 * then the method's state and pictures of what it answers. Interrupted at any moment, it ends as if it had never stopped.
 */
import type { FitRecipe } from "@hale/methods";
import { Fitter } from "../fitter.ts";
import { pictureKeeper, writeAnswers } from "./examples.ts";
import type { LearningRun } from "./gradient-run.ts";
import { breathe, Interrupted, type Learnt } from "./run.ts";
import type { FitSettings } from "./run-settings.ts";

/** Held-out normals in the example pictures. */
const SHOWN = 12;

export type FitRun = LearningRun<FitSettings, FitRecipe>;

/** Learns from the newest checkpoint to the last normal. Throws `Interrupted`, and what `Fitter` throws. */
export async function learnByFit(run: FitRun): Promise<Learnt> {
  const { files, settings, images, checkpoints, events, control } = run;
  const { recipe, shape } = run.opened;
  const from = checkpoints.takeNewest();
  const secondsBefore = from?.seconds ?? 0;
  const fitter = await Fitter.create({
    recipe,
    shape,
    device: run.device,
    seed: settings.seed,
    normals: images.train.images,
    from: from?.arrays,
  });
  try {
    const rate = fitter.done < fitter.total ? await fitter.rehearse() : 0;
    await run.announce({ parameters: 0, seconds: rate * (fitter.total - fitter.done), resumedAt: fitter.done });
    const started = performance.now();
    const seconds = () => secondsBefore + (performance.now() - started) / 1000;
    let saved = fitter.done;
    const save = async () => {
      saved = fitter.done;
      const arrays = fitter.snapshot();
      await checkpoints.save({ iteration: saved, arrays, best: null, bestArrays: new Map(), seconds: seconds() });
      events.onCheckpoint?.(saved);
    };

    const end = () => Math.min(fitter.total, control.until ?? fitter.total);
    const begun = { at: fitter.done, time: performance.now() };
    while (fitter.done < end()) {
      await fitter.advance(end());
      const { done, total } = fitter;
      const each = (performance.now() - begun.time) / 1000 / (done - begun.at);
      events.onStep?.({ iteration: done, iterations: total, losses: {}, secondsLeft: each * (total - done) });
      await breathe();
      const stopped = control.signal?.aborted && done < end();
      if (stopped || done >= end() || done - saved >= settings.every) await save();
      if (stopped) throw new Interrupted(files.name, done, "normal");
    }
    const settled = await fitter.settle();
    const answers = await fitter.answers(settled);
    try {
      // None that it has learnt: such an image is its own nearest neighbour, and its map says nothing.
      const shown = images.threshold.images.slice(0, SHOWN);
      if (shown.length > 0)
        await writeAnswers(pictureKeeper(files, events), fitter.done, shown, await answers.answer(shown), shape);
    } finally {
      await answers.release();
    }
    return {
      arrays: settled,
      lastArrays: settled,
      iteration: fitter.done,
      selected: { iteration: fitter.done, pseudoAuc: null },
      selections: [],
      seconds: seconds(),
    };
  } finally {
    await fitter.release();
  }
}
