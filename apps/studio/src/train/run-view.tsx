/** @file A run as it goes on: its plan, curves, pictures and what is left; then its detector. */
import { count, duration, fixed } from "@hale/core";
import { useState } from "react";
import { Button } from "react-aria-components";
import { save } from "../score/save.ts";
import { give } from "../session.ts";
import { go } from "../shell/route.ts";
import { LossChart } from "./loss-chart.tsx";
import { begin, closeRun, decline, pauseTraining, resume, stopTraining, useTraining } from "./train-session.ts";
import { bytesInWords } from "./words.ts";

export function RunView() {
  const { phase, activity, plan, lines, iterations, secondsLeft, selections, saved, hidden, stored, id } =
    useTraining();
  const done = lines.at(-1)?.iteration ?? plan?.resumedAt ?? 0;
  const total = iterations || plan?.train || 0;
  return (
    <>
      <p role="status">
        {phase === "preparing" && `${activity} …`}
        {phase === "planned" && "Ready to begin."}
        {phase === "paused" &&
          `Paused at ${done}. ${stored ? "It is kept, and goes on after a reload too." : "It is in this tab alone: a reload ends it."}`}
        {phase === "training" && `${activity}: ${done} of ${total}.`}
        {phase === "done" && "The detector is made."}
      </p>
      {phase === "planned" && plan && <Plan />}
      {phase === "training" && (
        <>
          <div className="track">
            <progress value={done} max={Math.max(1, total)} aria-label="Done" />
          </div>
          <p className="soft">
            {duration(secondsLeft)} left. {saved > 0 && `Last checkpoint at ${saved}.`}
            {hidden && " The page was hidden for a while; browsers may give hidden pages less time."}
          </p>
          <div className="actions">
            <Button onPress={() => void pauseTraining()}>Pause</Button>
            <Button onPress={() => void stopTraining()}>Stop here and make the detector</Button>
          </div>
        </>
      )}
      {phase === "paused" && id && (
        <div className="actions">
          <Button className="primary" onPress={() => void resume(id, stored)}>
            Train on
          </Button>
          <Button onPress={closeRun}>Close</Button>
        </div>
      )}
      {phase === "done" && <Made />}
      {lines.some((line) => Object.keys(line).length > 2) && <LossChart lines={lines} iterations={total} />}
      {selections.length > 0 && (
        <p className="soft">
          Held-out normals against unlabelled images, pseudo-AUC: {fixed(selections.at(-1)!.pseudoAuc)} at iteration{" "}
          {selections.at(-1)!.iteration}; best {fixed(Math.max(...selections.map(({ pseudoAuc }) => pseudoAuc)))}.
        </p>
      )}
      <Pictures />
    </>
  );
}

function Plan() {
  const { plan, stored } = useTraining();
  const { train, unlabelled, selection, threshold, parameters, seconds, resumedAt, notes } = plan!;
  return (
    <>
      <dl className="plan">
        <dt>Learns from</dt>
        <dd>
          {count(train, "normal image")}
          {unlabelled > 0 && `, ${count(unlabelled, "unlabelled one")}`}
        </dd>
        <dt>Held out</dt>
        <dd>
          {count(threshold, "normal image")} for the threshold{selection > 0 && `, ${selection} to select a checkpoint`}
        </dd>
        {parameters > 0 && (
          <>
            <dt>Trainable values</dt>
            <dd>{parameters.toLocaleString("en-GB")}</dd>
          </>
        )}
        <dt>Takes about</dt>
        <dd>{duration(seconds)}</dd>
        <dt>Stored</dt>
        <dd>{stored ? "Checkpoints and prepared images, in this browser" : "Nothing"}</dd>
      </dl>
      {notes.map((note) => (
        <p key={note} className="soft">
          {note}
        </p>
      ))}
      <div className="actions">
        <Button className="primary" onPress={() => void begin()} autoFocus>
          {resumedAt > 0 ? `Train on from ${resumedAt}` : "Begin"}
        </Button>
        <Button onPress={() => void decline()}>Cancel</Button>
      </div>
    </>
  );
}

function Made() {
  const { made, data } = useTraining();
  const { bytes, card, iteration } = made!;
  const name = `${card.method.name}-${(data?.name ?? card.dataset.name).toLowerCase().replace(/[^a-z0-9]+/g, "-")}.hale`;
  return (
    <section aria-labelledby="made">
      <h2 id="made">{name}</h2>
      <p>
        {bytesInWords(bytes.length)}.{" "}
        {card.training.selectedIteration === iteration
          ? `State after ${iteration}.`
          : `State of iteration ${card.training.selectedIteration}, the best of ${iteration}.`}{" "}
        {card.threshold
          ? `Threshold set on ${count(card.normalScores.length, "held-out normal")}.`
          : card.thresholdReason}
      </p>
      <div className="actions">
        <Button className="primary" onPress={() => save(name, bytes)}>
          Download the detector
        </Button>
        <Button
          onPress={() => {
            go("score");
            void give([{ path: name, blob: new Blob([bytes as Uint8Array<ArrayBuffer>]) }]);
          }}
        >
          Score with it
        </Button>
        <Button onPress={closeRun}>Train another</Button>
      </div>
    </section>
  );
}

function Pictures() {
  const { pictures } = useTraining();
  const [asked, setAsked] = useState<number | null>(null);
  if (pictures.length === 0) return null;
  const at = Math.min(asked ?? pictures.length - 1, pictures.length - 1);
  const { iteration, url } = pictures[at];
  return (
    <figure className="pictures">
      <img src={url} alt={`Images, what the method makes of them, and maps, at iteration ${iteration}`} />
      <figcaption>
        Each image with what the method makes of it and its map, at iteration {iteration}.
        {pictures.length > 1 && (
          <label>
            <span>Earlier and later</span>
            <input
              type="range"
              min={0}
              max={pictures.length - 1}
              value={at}
              aria-valuetext={`iteration ${iteration}`}
              onChange={({ target }) =>
                setAsked(target.valueAsNumber === pictures.length - 1 ? null : target.valueAsNumber)
              }
            />
          </label>
        )}
      </figcaption>
    </figure>
  );
}
