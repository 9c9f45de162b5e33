/** @file Checking a data set: what it holds, what stands in two splits, near copies beside each other, and what tells the classes apart without disease. */
import { type DatasetCheck, SUSPICIOUS_AUROC } from "@hale/data";
import type { GivenFile } from "@hale/scoring/web";
import { proxy } from "comlink";
import { type DragEvent, useState } from "react";
import { engine } from "../engine/client.ts";
import { unwrapped } from "../engine/outcome.ts";
import { refuse } from "../session.ts";
import { filesOfDrop } from "../shell/dropped.ts";
import { OpenFiles } from "../shell/open-files.tsx";
import { Pair } from "./pair.tsx";

/** Leaks that are shown at first. */
const SHOWN = 20;

/** Kept while other views are looked at. */
let last: DatasetCheck | null = null;

export default function CheckView() {
  const [check, setCheck] = useState(last);
  const [activity, setActivity] = useState("");
  const start = async (files: GivenFile[]) => {
    setActivity("Looking at the files");
    const told = proxy((stage: string, done: number, total: number) => setActivity(`${stage}: ${done} of ${total}`));
    try {
      last = unwrapped(await (await engine()).check(files, told));
      setCheck(last);
    } catch (error) {
      refuse(error);
    }
    setActivity("");
  };
  const drop = async (event: DragEvent) => {
    event.preventDefault();
    await start(await filesOfDrop(event.dataTransfer));
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: what can be dropped can be chosen by the button too.
    <div className="pad check" onDragOver={(event) => event.preventDefault()} onDrop={(event) => void drop(event)}>
      <h1>Check a data set</h1>
      <p className="lead">
        Before training: does an image, a copy of it or a patient stand in two splits? Is there a short cut to the
        labels?
      </p>
      <p className="soft">
        Choose or drop a folder with normal/, abnormal/ and perhaps unlabelled/, train/, val/ and test/ above or below
        them; or one with a split.csv. Plain pictures are checked here.
      </p>
      <div className="actions">
        <OpenFiles label="Choose a folder" folder primary onFiles={(files) => void start(files)} />
        <span role="status">{activity && `${activity} …`}</span>
      </div>
      {check && <Findings check={check} />}
    </div>
  );
}

function Findings({ check }: { check: DatasetCheck }) {
  const [all, setAll] = useState(false);
  const { name, images, counts, leaks, controls, controlsOn, warnings, skipped, patients, masks } = check;
  return (
    <>
      <h2>
        {name}: {images} images, {masks} with masks
      </h2>
      {warnings.length > 0 && (
        <ul className="warnings">
          {warnings.map((warning) => (
            <li key={warning}>{warning}</li>
          ))}
        </ul>
      )}
      <div className="tables">
        <table>
          <caption>What it holds</caption>
          <thead>
            <tr>
              <th scope="col">split</th>
              <th scope="col">label</th>
              <th scope="col">class</th>
              <th scope="col">images</th>
            </tr>
          </thead>
          <tbody>
            {counts.map(({ split, label, class: kind, images: some }) => (
              <tr key={`${split} ${label} ${kind}`}>
                <td>{split}</td>
                <td>{label}</td>
                <td>{kind}</td>
                <td className="figure">{some}</td>
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr>
              <td colSpan={4}>
                Known patients: train {patients.train}, val {patients.val}, test {patients.test}
              </td>
            </tr>
          </tfoot>
        </table>
        {controls && (
          <table>
            <caption>Controls that know nothing of disease, on {controlsOn}</caption>
            <thead>
              <tr>
                <th scope="col">control</th>
                <th scope="col">AUROC</th>
                <th scope="col">which way</th>
              </tr>
            </thead>
            <tbody>
              {controls.map(({ name: control, auroc: { estimate, low, high }, direction }) => (
                <tr key={control}>
                  <td>
                    {estimate >= SUSPICIOUS_AUROC && <strong>suspicious: </strong>}
                    {control}
                  </td>
                  <td className="figure">
                    {estimate.toFixed(2)}
                    {low !== null && high !== null && ` (${low.toFixed(2)} to ${high.toFixed(2)})`}
                  </td>
                  <td>{direction}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </div>
      <h2>{leaks.length === 0 ? "No leaks were found" : `${leaks.length} leaks`}</h2>
      <ol className="pairs">
        {leaks.slice(0, all ? undefined : SHOWN).map((leak) => (
          <li key={`${leak.kind} ${leak.a} ${leak.b}`}>
            <Pair leak={leak} />
          </li>
        ))}
      </ol>
      {leaks.length > SHOWN && !all && (
        <button type="button" onClick={() => setAll(true)}>
          Show all {leaks.length}
        </button>
      )}
      {skipped.length > 0 && (
        <>
          <h2>{skipped.length} left out</h2>
          <ul>
            {skipped.map(({ path, reason }) => (
              <li key={path}>{reason}</li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}
