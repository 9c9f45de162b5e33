/** @file Which view is shown: the part of the address behind #, so that any file server will do. */
import { useSyncExternalStore } from "react";

export const VIEWS = ["try", "score", "detector", "check", "train"] as const;
export type ViewName = (typeof VIEWS)[number];

const current = (): ViewName => VIEWS.find((view) => location.hash === `#${view}`) ?? "try";

export function useView(): ViewName {
  return useSyncExternalStore((changed) => {
    window.addEventListener("hashchange", changed);
    return () => window.removeEventListener("hashchange", changed);
  }, current);
}

export function go(view: ViewName): void {
  location.hash = view;
}
