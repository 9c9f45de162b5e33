/** @file The runs that this browser keeps: how large they are and until when, to go on with or to erase. */
import { Button } from "react-aria-components";
import { erase, eraseAll, keep, resume, useTraining } from "./train-session.ts";
import { bytesInWords } from "./words.ts";

export function KeptRuns() {
  const { kept, phase } = useTraining();
  if (kept.length === 0) return null;
  const busy = phase !== "idle" && phase !== "done" && phase !== "paused";
  const total = kept.reduce((sum, { bytes }) => sum + bytes, 0);
  return (
    <section aria-labelledby="kept-runs">
      <h2 id="kept-runs">Kept on this machine: {bytesInWords(total)}</h2>
      <p className="soft">
        Checkpoints and prepared images, in this browser alone. Whoever uses this browser can go on with them.
      </p>
      <ul className="kept-runs">
        {kept.map(({ id, title, method, iteration, bytes, kept: stays, erasedAt }) => (
          <li key={id}>
            <p>
              <strong>{title}</strong> {method}, {iteration > 0 ? `${iteration} done` : "not begun"},{" "}
              {bytesInWords(bytes)}.{" "}
              {erasedAt === null
                ? "Stays until it is erased."
                : `Erased on ${new Date(erasedAt).toLocaleDateString()}.`}
            </p>
            <div className="actions">
              <Button
                isDisabled={busy}
                onPress={() => void resume(id, true)}
                aria-label={`Train on: ${title}, ${method}`}
              >
                Train on
              </Button>
              <Button
                onPress={() => void keep(id, !stays)}
                aria-label={`${stays ? "Keep for seven days" : "Keep for good"}: ${title}, ${method}`}
              >
                {stays ? "Keep for seven days" : "Keep for good"}
              </Button>
              <Button onPress={() => void erase(id)} aria-label={`Erase: ${title}, ${method}`}>
                Erase
              </Button>
            </div>
          </li>
        ))}
      </ul>
      <Button onPress={() => void eraseAll()}>Erase all</Button>
    </section>
  );
}
