/** @file One picture on the screen, of layers: zoomed by wheel and keys, moved by dragging; all panes of an image move together. */
import { type KeyboardEvent, type PointerEvent, useEffect, useRef } from "react";
import type { Layer } from "./layers.ts";

/** Zoom, 1 shows all, and where its middle is, in shares of the picture. */
export interface Place {
  zoom: number;
  x: number;
  y: number;
}
export const WHOLE: Place = { zoom: 1, x: 0.5, y: 0.5 };

export interface PaneLayer {
  layer: Layer;
  opacity?: number;
  /** Shown from this share of the picture's width on. */
  from?: number;
  /** Smoothed where it is coarser than the screen. */
  smooth?: boolean;
}

interface Props {
  layers: readonly PaneLayer[];
  /** Width over height of the picture. */
  aspect: number;
  label: string;
  title: string;
  place: Place;
  onPlace: (place: Place) => void;
  /** Shares of the picture under the pointer; null where it left. */
  onPoint: (at: { x: number; y: number } | null) => void;
  /** Steps of the wheel where it does not zoom: through slices. */
  onWheel?: (steps: number) => void;
  /** Dragging with Shift or the right button, in shares of the pane: window and level. */
  onWindow: (across: number, down: number) => void;
}

const clamp = (value: number, low: number, high: number) => Math.min(high, Math.max(low, value));

export function Pane({ layers, aspect, label, title, place, onPlace, onPoint, onWheel, onWindow }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const latest = useRef({ layers, place, aspect, onPlace, onWheel });
  latest.current = { layers, place, aspect, onPlace, onWheel };

  useEffect(() => {
    const element = canvas.current!;
    const draw = () => paint(element, latest.current.layers, latest.current.place, latest.current.aspect);
    const observer = new ResizeObserver(draw);
    observer.observe(element);
    const wheel = (event: WheelEvent) => {
      event.preventDefault();
      const now = latest.current;
      if (now.onWheel && !event.ctrlKey) now.onWheel(Math.sign(event.deltaY));
      else now.onPlace(zoomed(now.place, event.deltaY < 0 ? 1.2 : 1 / 1.2));
    };
    // React's own wheel events cannot keep the page from scrolling.
    element.addEventListener("wheel", wheel, { passive: false });
    return () => {
      observer.disconnect();
      element.removeEventListener("wheel", wheel);
    };
  }, []);
  useEffect(() => paint(canvas.current!, layers, place, aspect), [layers, place, aspect]);

  const drag = useRef<{ x: number; y: number; window: boolean } | null>(null);
  const move = (event: PointerEvent<HTMLCanvasElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const { width, height } = fitted(box.width, box.height, aspect, place.zoom);
    const before = drag.current;
    if (before) {
      const [dx, dy] = [event.clientX - before.x, event.clientY - before.y];
      drag.current = { ...before, x: event.clientX, y: event.clientY };
      if (before.window) onWindow(dx / box.width, dy / box.height);
      else onPlace({ ...place, x: clamp(place.x - dx / width, 0, 1), y: clamp(place.y - dy / height, 0, 1) });
    }
    const x = place.x + (event.clientX - box.left - box.width / 2) / width;
    const y = place.y + (event.clientY - box.top - box.height / 2) / height;
    onPoint(x >= 0 && x < 1 && y >= 0 && y < 1 ? { x, y } : null);
  };
  const keys = (event: KeyboardEvent) => {
    const step = 0.1 / place.zoom;
    const to: Record<string, Place> = {
      "+": zoomed(place, 1.25),
      "=": zoomed(place, 1.25),
      "-": zoomed(place, 0.8),
      "0": WHOLE,
      ArrowLeft: { ...place, x: clamp(place.x - step, 0, 1) },
      ArrowRight: { ...place, x: clamp(place.x + step, 0, 1) },
      ArrowUp: { ...place, y: clamp(place.y - step, 0, 1) },
      ArrowDown: { ...place, y: clamp(place.y + step, 0, 1) },
    };
    if (event.key === "PageDown" || event.key === "PageUp") onWheel?.(event.key === "PageDown" ? 1 : -1);
    else if (event.key in to) onPlace(to[event.key]);
    else return;
    event.preventDefault();
  };
  return (
    <figure className="pane">
      <canvas
        ref={canvas}
        role="img"
        aria-label={label}
        tabIndex={0}
        onKeyDown={keys}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          drag.current = { x: event.clientX, y: event.clientY, window: event.shiftKey || event.button === 2 };
        }}
        onPointerMove={move}
        onPointerUp={() => {
          drag.current = null;
        }}
        onPointerLeave={() => onPoint(null)}
        onDoubleClick={() => onPlace(WHOLE)}
        onContextMenu={(event) => event.preventDefault()}
      />
      <figcaption>{title}</figcaption>
    </figure>
  );
}

const zoomed = (place: Place, by: number): Place => {
  const zoom = clamp(place.zoom * by, 1, 40);
  return zoom === 1 ? WHOLE : { ...place, zoom };
};

/** The size of the whole picture in a box that it fits into at zoom 1. */
function fitted(boxWidth: number, boxHeight: number, aspect: number, zoom: number): { width: number; height: number } {
  const width = Math.min(boxWidth, boxHeight * aspect) * zoom;
  return { width, height: width / aspect };
}

function paint(canvas: HTMLCanvasElement, layers: readonly PaneLayer[], place: Place, aspect: number): void {
  const ratio = window.devicePixelRatio || 1;
  const [wide, high] = [Math.round(canvas.clientWidth * ratio), Math.round(canvas.clientHeight * ratio)];
  if (wide === 0 || high === 0) return;
  if (canvas.width !== wide || canvas.height !== high) Object.assign(canvas, { width: wide, height: high });
  const context = canvas.getContext("2d")!;
  context.clearRect(0, 0, wide, high);
  const { width, height } = fitted(wide, high, aspect, place.zoom);
  drawLayers(context, layers, wide / 2 - place.x * width, high / 2 - place.y * height, width, height);
}

/** Draws layers over each other into a rectangle. */
export function drawLayers(
  context: CanvasRenderingContext2D,
  layers: readonly PaneLayer[],
  left: number,
  top: number,
  width: number,
  height: number,
): void {
  for (const { layer, opacity = 1, from = 0, smooth = false } of layers) {
    context.save();
    context.globalAlpha = opacity;
    context.imageSmoothingEnabled = smooth;
    context.imageSmoothingQuality = "high";
    if (from > 0) {
      context.beginPath();
      context.rect(left + from * width, top, width * (1 - from), height);
      context.clip();
    }
    context.drawImage(layer, left, top, width, height);
    context.restore();
    if (from > 0 && from < 1) {
      context.fillStyle = "#fff";
      context.fillRect(left + from * width - 1, top, 2, height);
    }
  }
}
