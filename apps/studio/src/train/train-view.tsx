/** @file Training in the page: a data set and a method are chosen, a run is watched, and it ends in a detector. */
import { useEffect } from "react";
import { ChooseRun } from "./choose-run.tsx";
import { KeptRuns } from "./kept-runs.tsx";
import { RunView } from "./run-view.tsx";
import { refreshKept, useTraining } from "./train-session.ts";
import "./train.css";

export default function TrainView() {
  const { phase, id } = useTraining();
  useEffect(() => void refreshKept(), []);
  const running = id !== null && phase !== "idle" && phase !== "opening";
  return (
    <div className="pad train-view">
      <h1>Train</h1>
      {running ? <RunView /> : <ChooseRun />}
      <KeptRuns />
    </div>
  );
}
