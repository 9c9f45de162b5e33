/** @file A plot of uPlot in a box: made anew with its data, its width or the theme, and gone with the box. */
import { type RefObject, useEffect, useRef } from "react";
import type uPlot from "uplot";

/** The value of a token of the theme. */
export const colour = (token: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(token).trim();

export function usePlot(
  box: RefObject<HTMLDivElement | null>,
  make: (width: number) => uPlot | null,
  needs: readonly unknown[],
): RefObject<uPlot | null> {
  const plot = useRef<uPlot | null>(null);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const again = () => {
      plot.current?.destroy();
      plot.current = make(Math.max(160, element.clientWidth));
    };
    again();
    let width = element.clientWidth;
    const observer = new ResizeObserver(() => {
      if (Math.abs(element.clientWidth - width) < 2) return;
      width = element.clientWidth;
      plot.current?.setSize({ width: Math.max(160, width), height: plot.current.height });
    });
    observer.observe(element);
    window.addEventListener("themechange", again);
    return () => {
      observer.disconnect();
      window.removeEventListener("themechange", again);
      plot.current?.destroy();
      plot.current = null;
    };
    // biome-ignore lint/correctness/useExhaustiveDependencies: `make` closes over `needs` alone.
  }, needs);
  return plot;
}
