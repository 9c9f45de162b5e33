/** @file A detector's card as a page. */
import { factsOf, INTENDED_USE } from "@hale/detector";
import { Histogram } from "../score/histogram.tsx";
import { give, useSession } from "../session.ts";
import { OpenFiles } from "../shell/open-files.tsx";

export default function DetectorView() {
  const { detector } = useSession();
  if (!detector) {
    return (
      <div className="pad narrow">
        <h1>Detector</h1>
        <p>
          A detector is one file, made by training. Its card tells what it has learnt, from what, and what its scores
          mean.
        </p>
        <OpenFiles primary label="Open a .hale file" accept={[".hale"]} onFiles={(files) => void give(files)} />
      </div>
    );
  }
  const { card, file, bytes, threads } = detector;
  return (
    <article className="card-page">
      <h1>{file}</h1>
      <p className="soft">
        {card.method.title}, trained on {card.dataset.name}. {(bytes / 1e6).toFixed(1)} MB; runs here on {threads}{" "}
        {threads === 1 ? "thread" : "threads"}.
      </p>
      <p className="notice">{card.notice}</p>
      <p className="soft">{INTENDED_USE}</p>
      <div className="sections">
        {factsOf(card).map(({ title, facts }) => (
          <section key={title}>
            <h2>{title}</h2>
            <dl>
              {facts.map(([name, value]) => (
                <div key={name}>
                  <dt>{name}</dt>
                  <dd>{value}</dd>
                </div>
              ))}
            </dl>
            {title === "Decision" && <Histogram card={card} kind="image" score={null} />}
          </section>
        ))}
      </div>
      <OpenFiles label="Open another" accept={[".hale"]} onFiles={(files) => void give(files)} />
    </article>
  );
}
