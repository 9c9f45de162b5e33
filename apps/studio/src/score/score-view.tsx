/** @file Score: the table of what was given, and beside it the image that is selected. */
import { useMemo } from "react";
import { Button, ProgressBar } from "react-aria-components";
import { chooseRate, clear, give, pause, score, select, tryIt, useSession } from "../session.ts";
import { OpenFiles } from "../shell/open-files.tsx";
import { ExportMenu } from "./export-menu.tsx";
import { cardAt, kindOf } from "./judge.ts";
import { ResultTable } from "./result-table.tsx";
import { ThresholdPanel } from "./threshold-panel.tsx";
import { Viewer } from "./viewer.tsx";

export default function ScoreView() {
  const session = useSession();
  const { detector, rows, phase, selected, rate } = session;
  const card = useMemo(() => detector && cardAt(detector.card, rate), [detector, rate]);
  const chosen = rows.find(({ key }) => key === selected) ?? null;
  const open = (files: Parameters<typeof give>[0]) => void give(files);
  return (
    <div className="score-view">
      <h1 className="hidden">Score images</h1>
      <section className="bar" aria-label="Files and progress">
        <OpenFiles label={detector ? "Open files" : "Open a detector and images"} primary={!detector} onFiles={open} />
        <OpenFiles label="Open a folder" folder onFiles={open} />
        <Progress />
        {card && rows.length > 0 && <ExportMenu card={card} rows={rows} chosen={chosen} />}
        {rows.length > 0 && (
          <Button className="plain" onPress={() => void clear()}>
            Clear
          </Button>
        )}
      </section>
      {rows.length === 0 && <Empty hasDetector={detector !== null} busy={phase === "loading" || phase === "finding"} />}
      {rows.length > 0 && (
        <div className="columns">
          <section className="list" aria-label="Results">
            <ResultTable rows={rows} card={card} selected={selected} onSelect={select} />
          </section>
          <section className="look" aria-label="The selected image">
            {!card && <p className="pad">These images wait for a detector: open or drop a .hale file.</p>}
            {card && chosen && <Viewer key={chosen.key} entry={chosen} card={card} />}
            {card && (
              <ThresholdPanel
                card={card}
                kind={kindOf(chosen?.row ?? null)}
                score={chosen?.row?.score ?? null}
                rate={rate}
                onRate={chooseRate}
              />
            )}
          </section>
        </div>
      )}
    </div>
  );
}

function Progress() {
  const { phase, activity, rows, done, others, detector } = useSession();
  const waiting = rows.length - done;
  return (
    <div className="progress">
      {phase === "scoring" && (
        <ProgressBar aria-label="Scored" value={done} maxValue={rows.length}>
          {({ percentage }) => (
            <div className="track">
              <progress className="fill" max={100} value={percentage} aria-hidden="true" />
            </div>
          )}
        </ProgressBar>
      )}
      <span role="status">
        {activity && phase !== "scoring" ? `${activity} …` : rows.length > 0 ? `${done} of ${rows.length} scored` : ""}
        {others > 0 && phase !== "scoring" ? `; ${others} other files left out` : ""}
      </span>
      {phase === "scoring" && <Button onPress={() => void pause()}>Pause</Button>}
      {phase !== "scoring" && detector && waiting > 0 && phase !== "loading" && phase !== "finding" && (
        <Button onPress={() => void score()}>{done > 0 ? "Resume" : "Score"}</Button>
      )}
    </div>
  );
}

function Empty({ hasDetector, busy }: { hasDetector: boolean; busy: boolean }) {
  return (
    <div className="empty">
      <p className="lead">
        {hasDetector ? "Drop images, folders, zips or DICOM series here." : "Drop a detector (.hale) and images here."}
      </p>
      <p className="soft">
        PNG, JPEG, TIFF, DICOM, NIfTI, NRRD and MetaImage. They are read on this machine and kept nowhere.
      </p>
      {!hasDetector && (
        <Button isDisabled={busy} onPress={() => void tryIt()}>
          Or try it on phantoms
        </Button>
      )}
    </div>
  );
}
