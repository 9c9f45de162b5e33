/** @file What is to be learnt from what: data set, method, preset, and what that takes of memory and storage. */
import { count } from "@hale/core";
import { type TabChoice, type TabEstimate, tabMethods } from "@hale/training/web";
import { useEffect, useMemo, useState } from "react";
import { Button } from "react-aria-components";
import { OpenFiles } from "../shell/open-files.tsx";
import { estimate, openData, start, useTraining } from "./train-session.ts";
import { bytesInWords } from "./words.ts";

const METHODS = tabMethods();
/** The quickest that learns something: no steps, and a detector in a minute. */
const FIRST = "knn";

export function ChooseRun() {
  const { data, device, phase, activity } = useTraining();
  const [method, setMethod] = useState(FIRST);
  const [preset, setPreset] = useState<string | null>(null);
  const [iterations, setIterations] = useState<number | null>(null);
  const [stored, setStored] = useState(false);
  const chosen = METHODS.find(({ name }) => name === method)!;
  const presetName = chosen.presets.some(({ name }) => name === preset) ? preset! : chosen.presets[0].name;
  const choice = useMemo(
    (): TabChoice => ({
      ...{ method, preset: presetName, colour: false, seed: 1, falseAlarmRate: 0.05 },
      iterations: iterations ?? chosen.iterations ?? 1,
      device: device?.device ?? "wasm",
      threads: globalThis.crossOriginIsolated ? navigator.hardwareConcurrency : 1,
      data: data?.name ?? "",
    }),
    [method, presetName, iterations, chosen, device, data],
  );
  const fault = chosen.refused ?? lack(chosen.needsUnlabelled, data?.unlabelled);
  const [needs, refusal] = useEstimate(choice, data !== null && fault === null);
  const busy = phase === "opening";
  return (
    <>
      <section aria-labelledby="train-data">
        <h2 id="train-data">1. Images</h2>
        <div className="actions">
          <OpenFiles label="Choose a folder" folder primary={!data} onFiles={(files) => void openData(files)} />
          <Button isDisabled={busy} onPress={() => void openData(null)}>
            Draw phantoms
          </Button>
        </div>
        <p role="status" className={data ? "" : "soft"}>
          {busy
            ? `${activity} …`
            : data
              ? `${data.name}: ${count(data.normals, "normal image")}, ${count(data.unlabelled, "unlabelled one")}, ${count(data.test, "image")} in the test part.`
              : "A folder with normal/, and abnormal/ or unlabelled/ where there are such; or one with a split.csv. Plain pictures: PNG, JPEG, TIFF."}
        </p>
        {data && data.warnings.length > 0 && (
          <ul className="soft notes">
            {data.warnings.map((warning) => (
              <li key={warning}>{warning}</li>
            ))}
          </ul>
        )}
      </section>
      <section aria-labelledby="train-method">
        <h2 id="train-method">2. Method</h2>
        <div className="fields">
          <label>
            <span>Method</span>
            <select value={method} onChange={(event) => setMethod(event.target.value)}>
              {METHODS.map(({ name, title }) => (
                <option key={name} value={name}>
                  {title}
                </option>
              ))}
            </select>
          </label>
          <label>
            <span>Preset</span>
            <select value={presetName} onChange={(event) => setPreset(event.target.value)}>
              {chosen.presets.map(({ name, size }) => (
                <option key={name} value={name}>
                  {name}, {size} × {size} pixels
                </option>
              ))}
            </select>
          </label>
          {chosen.iterations !== null && (
            <label>
              <span>Iterations</span>
              <input
                type="number"
                min={1}
                step={1}
                value={iterations ?? chosen.iterations}
                onChange={({ target }) => setIterations(Math.max(1, Math.round(target.valueAsNumber || 1)))}
              />
            </label>
          )}
        </div>
        <p className="soft">
          {chosen.learning === "fit" ? "Learns in one pass over the normal images." : "Learns step by step."}{" "}
          {chosen.source}
        </p>
      </section>
      <section aria-labelledby="train-cost">
        <h2 id="train-cost">3. What it takes</h2>
        {fault && <p>{fault}</p>}
        {refusal && <p>{refusal}</p>}
        {needs && (
          <p>
            At least {bytesInWords(needs.memory)} of memory; {bytesInWords(needs.storage)} of storage where it is kept.
            How long it takes is told after a few steps, before it begins.
          </p>
        )}
        {device && (
          <p className="soft">
            Runs on{" "}
            {device.device === "webgpu"
              ? "the graphics processor"
              : `the processor, ${count(choice.threads, "thread")}`}
            . {device.reason}
          </p>
        )}
        <label className="tick">
          <input type="checkbox" checked={stored} onChange={(event) => setStored(event.target.checked)} />
          <span>
            Keep checkpoints and prepared images in this browser until the run ends, so that it survives a reload or a
            closed tab. They are erased at its end, and after seven days. Without this, nothing is stored.
          </span>
        </label>
        <div className="actions">
          <Button
            className="primary"
            isDisabled={!data || busy || fault !== null || refusal !== null}
            onPress={() => void start(choice, stored)}
          >
            Prepare
          </Button>
        </div>
      </section>
    </>
  );
}

const lack = (needsUnlabelled: boolean, unlabelled: number | undefined): string | null =>
  needsUnlabelled && unlabelled === 0
    ? "This method learns from unlabelled images too, and the folder has none. Add an unlabelled/ folder, or choose another method."
    : null;

/** What a choice takes, or why it cannot be. */
function useEstimate(choice: TabChoice, known: boolean): [TabEstimate | null, string | null] {
  const [told, tell] = useState<{ choice: TabChoice; needs: TabEstimate | null; refusal: string | null } | null>(null);
  useEffect(() => {
    if (!known) return;
    let current = true;
    estimate(choice).then(
      (needs) => current && tell({ choice, needs, refusal: null }),
      (error: Error) => current && tell({ choice, needs: null, refusal: error.message }),
    );
    return () => {
      current = false;
    };
  }, [choice, known]);
  return known && told?.choice === choice ? [told.needs, told.refusal] : [null, null];
}
