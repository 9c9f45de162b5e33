/** @file The page: its head, the view that is asked for, and where files are dropped. */
import { lazy, Suspense, useEffect, useState } from "react";
import { Button } from "react-aria-components";
import { dismiss, give, useSession } from "../session.ts";
import { TryView } from "../try/try-view.tsx";
import { filesOfDrop } from "./dropped.ts";
import { go, useView, VIEWS, type ViewName } from "./route.ts";
import { applyTheme, storedTheme } from "./theme.ts";

const ScoreView = lazy(() => import("../score/score-view.tsx"));
const DetectorView = lazy(() => import("../detector/detector-view.tsx"));
const CheckView = lazy(() => import("../check/check-view.tsx"));
const TrainView = lazy(() => import("../train/train-view.tsx"));

const TITLES: Record<ViewName, string> = {
  try: "Try it",
  score: "Score",
  detector: "Detector",
  check: "Check",
  train: "Train",
};

export function App() {
  const view = useView();
  const { refusal } = useSession();
  const [over, setOver] = useState(false);
  useDrop(view, setOver);
  useEffect(() => {
    document.title = `${TITLES[view]} – hale studio`;
  }, [view]);
  return (
    <div className={over ? "page over" : "page"}>
      <button type="button" className="skip" onClick={() => document.getElementById("main")?.focus()}>
        To the content
      </button>
      <Head view={view} />
      {refusal && (
        <div className="refusal" role="alert">
          <p>
            <strong>{refusal.fault}</strong> {refusal.remedy}
          </p>
          <Button className="plain" onPress={dismiss} aria-label="Close this message">
            ✕
          </Button>
        </div>
      )}
      <main id="main" tabIndex={-1}>
        <Suspense fallback={<p className="soft pad">Loading</p>}>
          {view === "try" && <TryView />}
          {view === "score" && <ScoreView />}
          {view === "detector" && <DetectorView />}
          {view === "check" && <CheckView />}
          {view === "train" && <TrainView />}
        </Suspense>
      </main>
      <footer>
        <p>Research use only. Not for diagnosis. Everything stays in this page: no image leaves this machine.</p>
      </footer>
      {over && <div className="drop-veil">Drop a detector, images, folders or zips</div>}
    </div>
  );
}

function Head({ view }: { view: ViewName }) {
  const [theme, setTheme] = useState(storedTheme);
  const other = theme === "dark" ? "light" : "dark";
  return (
    <header>
      <p className="brand">
        <img src="./icon.svg" alt="" width="24" height="24" />
        <span>
          hale <span className="soft">studio</span>
        </span>
      </p>
      <nav aria-label="Views">
        {VIEWS.map((name) => (
          <a key={name} href={`#${name}`} aria-current={name === view ? "page" : undefined}>
            {TITLES[name]}
          </a>
        ))}
      </nav>
      <Button
        className="plain"
        aria-label={`Use the ${other} theme`}
        onPress={() => {
          applyTheme(other);
          setTheme(other);
        }}
      >
        <span aria-hidden="true">{theme === "dark" ? "☀" : "☾"}</span>
      </Button>
    </header>
  );
}

/** Files may be dropped anywhere; Check and Train take their own, all others are to be scored. */
function useDrop(view: ViewName, setOver: (over: boolean) => void): void {
  useEffect(() => {
    if (view === "check" || view === "train") return;
    const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
    const drag = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setOver(true);
    };
    const leave = (event: DragEvent) => {
      if (event.relatedTarget === null) setOver(false);
    };
    const drop = async (event: DragEvent) => {
      setOver(false);
      if (!hasFiles(event) || !event.dataTransfer) return;
      event.preventDefault();
      const files = await filesOfDrop(event.dataTransfer);
      go("score");
      await give(files);
    };
    window.addEventListener("dragover", drag);
    window.addEventListener("dragleave", leave);
    window.addEventListener("drop", drop);
    return () => {
      window.removeEventListener("dragover", drag);
      window.removeEventListener("dragleave", leave);
      window.removeEventListener("drop", drop);
    };
  }, [view, setOver]);
}
