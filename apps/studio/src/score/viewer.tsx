/** @file The selected image: the picture, its healthy counterpart where there is one, and the map, in three ways. */
import { significant } from "@hale/core";
import type { Card } from "@hale/detector";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import {
  Button,
  Label,
  Slider,
  SliderOutput,
  SliderThumb,
  SliderTrack,
  ToggleButton,
  ToggleButtonGroup,
} from "react-aria-components";
import { engine } from "../engine/client.ts";
import { Refused, unwrapped } from "../engine/outcome.ts";
import type { ImageView } from "../engine/views.ts";
import type { TableRow } from "../session.ts";
import { DecisionMark } from "./decision-mark.tsx";
import { savePng } from "./export-png.ts";
import { judgedRow } from "./judge.ts";
import { FULL, mapAt, mapLayer, pictureLayer, type Window } from "./layers.ts";
import { Legend } from "./legend.tsx";
import { Pane, type PaneLayer, type Place, WHOLE } from "./pane.tsx";
import { SliceCurve } from "./slice-curve.tsx";
import { VolumeSection } from "./volume-section.tsx";

const WAYS = { side: "Side by side", overlay: "Overlay", curtain: "Curtain" } as const;
type Way = keyof typeof WAYS;

export function Viewer({ entry, card }: { entry: TableRow; card: Card }) {
  const { view, fault, slice, setSlice } = useImage(entry);
  const row = useMemo(() => entry.row && judgedRow(entry.row, card), [entry.row, card]);
  return (
    <div className="viewer">
      <header className="title">
        <h2 title={entry.file}>{entry.file.split("/").at(-1)}</h2>
        {row && (
          <p>
            {row.score !== null && <strong className="number">{significant(row.score)}</strong>}{" "}
            <DecisionMark row={row} />
            {row.pValue !== null && <span className="soft"> p = {significant(row.pValue)}</span>}
          </p>
        )}
        {row?.error && <p className="soft">{row.error.remedy}</p>}
      </header>
      {fault && !row?.error && <p role="alert">{fault}</p>}
      {!view && !fault && <p className="soft pane-wait">Looking at it …</p>}
      {view && <Look view={view} entry={entry} card={card} onSlice={setSlice} asked={slice} />}
    </div>
  );
}

/** The image as the engine gives it; of quick steps through slices only the last is waited for. */
function useImage({ id, part }: TableRow) {
  const [view, setView] = useState<ImageView | null>(null);
  const [fault, setFault] = useState<string | null>(null);
  const [slice, setSlice] = useState<number | null>(null);
  const wanted = useRef<{ busy: boolean; next: number | null | undefined }>({ busy: false, next: undefined });
  const alive = useRef(true);
  useEffect(() => {
    alive.current = true;
    return () => {
      alive.current = false;
    };
  }, []);
  const ask = useCallback(
    async (index: number | null) => {
      const state = wanted.current;
      if (state.busy) {
        state.next = index;
        return;
      }
      state.busy = true;
      try {
        const found = unwrapped(await (await engine()).view(id, part, index));
        if (alive.current) {
          setView(found);
          setFault(null);
        }
      } catch (error) {
        if (alive.current) setFault(error instanceof Refused ? error.message : String(error));
      }
      state.busy = false;
      const { next } = state;
      state.next = undefined;
      if (next !== undefined && alive.current) void ask(next);
    },
    [id, part],
  );
  useEffect(() => void ask(slice), [ask, slice]);
  return { view, fault, slice, setSlice };
}

interface LookProps {
  view: ImageView;
  entry: TableRow;
  card: Card;
  asked: number | null;
  onSlice: (slice: number) => void;
}

function Look({ view, entry, card, asked, onSlice }: LookProps) {
  const [way, setWay] = useState<Way>("side");
  const [opacity, setOpacity] = useState(0.8);
  const [curtain, setCurtain] = useState(0.5);
  const [range, setRange] = useState<Window>(FULL);
  const [place, setPlace] = useState<Place>(WHOLE);
  const [point, setPoint] = useState<{ x: number; y: number } | null>(null);
  const { picture, healthy, map } = view;
  const { top } = card.mapScale;
  const aspect = picture.width / (picture.height * view.pixelAspect);
  const image = useMemo((): PaneLayer => ({ layer: pictureLayer(picture, range) }), [picture, range]);
  const restored = useMemo(
    (): PaneLayer | null => healthy && { layer: pictureLayer(healthy, range), smooth: true },
    [healthy, range],
  );
  const alone = useMemo((): PaneLayer => ({ layer: mapLayer(map, top, false), smooth: true }), [map, top]);
  const over = useMemo((): PaneLayer => ({ layer: mapLayer(map, top, true), smooth: true }), [map, top]);
  const step = useStep(view, asked, onSlice);
  const peak = useMemo(() => peakOf(map.data, map.width, map.height), [map]);
  const name = entry.file.split("/").at(-1);
  const where = `brightest ${peak.words}, ${significant(peak.value)} on a scale to ${significant(top)}`;
  const common = {
    ...{ aspect, place, onPlace: setPlace, onPoint: setPoint },
    onWheel: view.slice ? step : undefined,
    onWindow: (across: number, down: number) =>
      setRange(({ level, width }) => ({
        level: Math.min(1, Math.max(0, level + down)),
        width: Math.min(2, Math.max(0.02, width + across)),
      })),
  };
  const covered: PaneLayer[] = restored ? [restored] : [image, { ...over, opacity }];
  const panes: { title: string; label: string; layers: PaneLayer[] }[] =
    way === "side"
      ? [
          { title: "Image", label: `Image ${name}`, layers: [image] },
          ...(restored
            ? [{ title: "Healthy counterpart", label: `Healthy counterpart of ${name}`, layers: [restored] }]
            : []),
          { title: "Anomaly map", label: `Anomaly map of ${name}: ${where}`, layers: [alone] },
        ]
      : way === "overlay"
        ? [{ title: "Map over the image", label: `Map over ${name}: ${where}`, layers: [image, { ...over, opacity }] }]
        : [
            {
              title: restored ? "Image, and its healthy counterpart" : "Image, and with the map",
              label: `Image ${name} at the left, ${restored ? "its healthy counterpart" : "with its map"} at the right: ${where}`,
              layers: [image, ...covered.map((layer) => ({ ...layer, from: curtain }))],
            },
          ];
  return (
    <>
      <div className="tools">
        <ToggleButtonGroup
          aria-label="How it is shown"
          selectionMode="single"
          disallowEmptySelection
          selectedKeys={[way]}
          onSelectionChange={(keys) => setWay([...keys][0] as Way)}
        >
          {Object.entries(WAYS).map(([key, words]) => (
            <ToggleButton key={key} id={key}>
              {words}
            </ToggleButton>
          ))}
        </ToggleButtonGroup>
        {way === "overlay" && <Share label="Opacity" value={opacity} onChange={setOpacity} />}
        {way === "curtain" && <Share label="Curtain" value={curtain} onChange={setCurtain} />}
        <Button
          className="plain"
          onPress={() => {
            setPlace(WHOLE);
            setRange(FULL);
          }}
        >
          Reset view
        </Button>
        <Button className="plain" onPress={() => void savePng({ entry, card, panes, aspect })}>
          Save PNG
        </Button>
      </div>
      <div className={`panes n${panes.length}`}>
        {panes.map(({ title, label, layers }) => (
          <Pane key={title} title={title} label={label} layers={layers} {...common} />
        ))}
      </div>
      <p className="readout" aria-live="off">
        {point
          ? readout(view, card, point)
          : "Wheel zooms, dragging moves; with Shift it sets level and window. Keys: + − 0 and arrows."}
      </p>
      <Legend card={card} value={point ? mapAt(map, point.x, point.y) : null} />
      {view.slice && entry.row?.volume && (
        <div className="slices">
          <SliceCurve
            slices={entry.row.volume.slices}
            axis={view.slice.axis}
            at={view.slice.index}
            threshold={card.threshold?.value ?? null}
            onSlice={onSlice}
          />
          <Slices view={view} asked={asked} onSlice={onSlice} />
        </div>
      )}
      {view.slice && <VolumeSection entry={entry} card={card} />}
      <details className="window">
        <summary>Window and level</summary>
        <Share label="Level" value={range.level} onChange={(level) => setRange({ ...range, level })} />
        <Share
          label="Window"
          value={range.width / 2}
          onChange={(half) => setRange({ ...range, width: Math.max(0.02, 2 * half) })}
        />
      </details>
    </>
  );
}

/** A step of the wheel to the next slice that was looked at. */
function useStep(view: ImageView, asked: number | null, onSlice: (slice: number) => void) {
  return useCallback(
    (steps: number) => {
      if (!view.slice) return;
      const { indices, index } = view.slice;
      const at = indices.indexOf(asked ?? index);
      onSlice(indices[Math.min(indices.length - 1, Math.max(0, at + steps))]);
    },
    [view, asked, onSlice],
  );
}

function Slices({ view, asked, onSlice }: Pick<LookProps, "view" | "asked" | "onSlice">) {
  const { indices, index, axis } = view.slice!;
  return (
    <Slider
      className="slider"
      minValue={0}
      maxValue={indices.length - 1}
      value={indices.indexOf(asked ?? index)}
      onChange={(at) => onSlice(indices[Number(at)])}
    >
      <Label>Slice ({axis})</Label>
      <SliderOutput>
        {asked ?? index} · score {significant(view.score)}
      </SliderOutput>
      <SliderTrack>
        <SliderThumb />
      </SliderTrack>
    </Slider>
  );
}

function Share({ label, value, onChange }: { label: string; value: number; onChange: (value: number) => void }) {
  return (
    <Slider
      className="slider small"
      minValue={0}
      maxValue={1}
      step={0.01}
      value={value}
      onChange={(to) => onChange(Number(to))}
    >
      <Label>{label}</Label>
      <SliderOutput>{Math.round(value * 100)} %</SliderOutput>
      <SliderTrack>
        <SliderThumb />
      </SliderTrack>
    </Slider>
  );
}

/** Where the map is highest, in words. */
function peakOf(map: Float32Array, width: number, height: number): { value: number; words: string } {
  let at = 0;
  for (let i = 1; i < map.length; i++) if (map[i] > map[at]) at = i;
  const third = (share: number, names: [string, string, string]) => names[Math.min(2, Math.floor(share * 3))];
  const down = third(Math.floor(at / width) / height, ["at the top", "in the middle", "at the bottom"]);
  const across = third((at % width) / width, ["left", "centre", "right"]);
  return { value: map[at], words: `${down} ${across}` };
}

function readout({ picture, values, map }: ImageView, card: Card, { x, y }: { x: number; y: number }): string {
  const column = Math.floor(x * picture.width);
  const row = Math.floor(y * picture.height);
  const at = row * picture.width + column;
  const value = mapAt(map, x, y);
  const { p50, p95, p99, max } = card.mapScale;
  const beyond =
    value > max
      ? "above all"
      : value > p99
        ? "above 99 %"
        : value > p95
          ? "above 95 %"
          : value > p50
            ? "above 50 %"
            : "below half";
  const shown = values
    ? `${significant(values.data[at])}${values.unit ? ` ${values.unit}` : ""}`
    : Array.from(picture.data.subarray(at * picture.channels, (at + 1) * picture.channels), (one) =>
        one.toFixed(3),
      ).join(" ");
  return `${column}, ${row} · value ${shown} · map ${significant(value)}, ${beyond} of normal pixels`;
}
