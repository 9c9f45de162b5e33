/**
 * @file Learning by gradient, with a run's files: one iteration after another, with its losses kept, and every so often a
 * selection, example pictures and a checkpoint. Interrupted at any moment, it ends as if it had never stopped.
 */
import type { GradientRecipe } from "@hale/methods";
import type { Device } from "@hale/runtime";
import type { Inherited } from "../first-state.ts";
import { SelectedState } from "../selected-state.ts";
import { pseudoAuc } from "../selection.ts";
import { Trainer } from "../trainer.ts";
import { pictureKeeper, writeExamples } from "./examples.ts";
import type { RunFiles } from "./files.ts";
import { writeGenerationExamples } from "./generation-examples.ts";
import { type LossLog, readLosses } from "./loss-log.ts";
import type { OpenedMethod } from "./opened-method.ts";
import { breathe, Interrupted, type Learnt, type RunControl, type RunEvents, type RunPlan } from "./run.ts";
import type { RunCheckpoints } from "./run-checkpoints.ts";
import type { RunImages } from "./run-images.ts";
import type { GradientSettings } from "./run-settings.ts";

export interface LearningRun<Settings, Recipe> {
  files: RunFiles;
  /** Opens the log of losses, without lines after an iteration. */
  openLog(iteration: number): Promise<LossLog>;
  settings: Settings;
  opened: OpenedMethod & { recipe: Recipe };
  images: RunImages;
  device: Device;
  checkpoints: RunCheckpoints;
  /** Completes a plan, tells it and waits for consent. */
  announce(plan: Pick<RunPlan, "parameters" | "seconds" | "resumedAt">): Promise<void> | void;
  events: RunEvents;
  control: RunControl;
}

export interface GradientRun extends LearningRun<GradientSettings, GradientRecipe> {
  /** Arrays of another run to begin with. */
  inherited?: Inherited;
}

/** Learns from the newest checkpoint to the end. Throws `Interrupted`, and what `Trainer` throws. */
export async function learnByGradient(run: GradientRun): Promise<Learnt> {
  const { files, settings, images, checkpoints, events, control } = run;
  const { recipe, shape } = run.opened;
  const from = checkpoints.takeNewest();
  const secondsBefore = from?.seconds ?? 0;
  const trainer = await Trainer.create({
    recipe,
    shape,
    device: run.device,
    seed: settings.seed,
    iterations: settings.iterations,
    exact: settings.exact,
    images: { normals: images.train.images, unlabelled: images.unlabelled.images },
    inherited: run.inherited,
    from: from ?? undefined,
  });
  try {
    const stepSeconds = trainer.iteration < settings.iterations ? await trainer.rehearse() : 0;
    await run.announce({
      parameters: recipe.parameters.count(),
      seconds: stepSeconds * (settings.iterations - trainer.iteration),
      resumedAt: trainer.iteration,
    });
    const selected = SelectedState.from(from?.best, from?.bestArrays);
    const started = performance.now();
    const seconds = () => secondsBefore + (performance.now() - started) / 1000;
    const log = await run.openLog(trainer.iteration);
    const inference = () =>
      trainer.state.read(
        trainer.state.names.filter((name) => recipe.inferencePrefixes.some((prefix) => name.startsWith(prefix))),
      );
    const save = async () => {
      await log.flush();
      const snapshot = await trainer.snapshot();
      await checkpoints.save({
        ...snapshot,
        best: selected.best,
        bestArrays: selected.arrays,
        seconds: seconds(),
      });
      events.onCheckpoint?.(snapshot.iteration);
    };

    // Normals that nothing is learnt from; those of the threshold only where no others are held out.
    const calibration = images.selection.images.length > 0 ? images.selection.images : images.threshold.images;
    const examples = [...images.train.images.slice(0, 4), ...images.unlabelled.images.slice(0, 8)];
    const selectable = images.selection.images.length > 0 && images.unlabelled.images.length > 0;
    const keep = pictureKeeper(files, events);
    /** Selection, pictures and a checkpoint. */
    const pause = async () => {
      const { iteration } = trainer;
      await trainer.calibrate(calibration);
      const ready = recipe.ready?.(iteration, settings.iterations) ?? true;
      if (ready && selectable && settings.selection === "pseudo-auc") {
        const normals = await trainer.restore(images.selection.images);
        const mixed = await trainer.restore(images.unlabelled.images);
        const value = pseudoAuc(normals.scores, mixed.scores);
        log.add({ iteration, seconds: seconds(), "selection/pseudoAuc": value });
        const better = await selected.offer({ iteration, value }, inference);
        events.onSelection?.({ iteration, pseudoAuc: value }, better);
      }
      await writeExamples(keep, trainer, examples, shape);
      await writeGenerationExamples(keep, trainer, ready ? calibration : [], shape);
      await save();
    };

    let rate = stepSeconds;
    // Asked anew after each step: whoever trains may end a run where it is.
    const end = () => Math.min(settings.iterations, control.until ?? settings.iterations);
    while (trainer.iteration < end()) {
      const before = performance.now();
      const losses = await trainer.step();
      rate = 0.98 * rate + 0.02 * ((performance.now() - before) / 1000);
      const { iteration } = trainer;
      log.add({ iteration, seconds: seconds(), ...losses });
      const secondsLeft = rate * (settings.iterations - iteration);
      events.onStep?.({ iteration, iterations: settings.iterations, losses, secondsLeft });
      // `until` is no place for a selection: a run that goes on later must choose as if it had never stopped.
      const due = iteration % settings.every === 0 || iteration === settings.iterations;
      if (due) await pause();
      await breathe();
      if (!due && (control.signal?.aborted || iteration >= end())) await save();
      if (control.signal?.aborted && iteration < end()) throw new Interrupted(files.name, iteration);
    }
    await log.flush();
    await trainer.calibrate(calibration);
    const lastArrays = await inference();
    const best = settings.selection === "pseudo-auc" ? selected.best : null;
    return {
      arrays: best ? selected.arrays : lastArrays,
      lastArrays,
      iteration: trainer.iteration,
      selected: best
        ? { iteration: best.iteration, pseudoAuc: best.value }
        : { iteration: trainer.iteration, pseudoAuc: null },
      selections: (await readLosses(files)).flatMap((line) =>
        "selection/pseudoAuc" in line ? [{ iteration: line.iteration, pseudoAuc: line["selection/pseudoAuc"] }] : [],
      ),
      seconds: seconds(),
    };
  } finally {
    await trainer.release();
  }
}
