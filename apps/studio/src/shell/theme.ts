/** @file Dark or light: dark unless the reader chose, and the choice is kept in this browser. */
export type Theme = "dark" | "light";
const KEY = "hale-studio-theme";

/** What was chosen before; a browser that keeps nothing is asked for nothing. */
export function storedTheme(): Theme {
  try {
    return localStorage.getItem(KEY) === "light" ? "light" : "dark";
  } catch {
    return "dark";
  }
}

export function applyTheme(theme: Theme): void {
  document.documentElement.dataset.theme = theme;
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // Kept for this visit alone.
  }
  window.dispatchEvent(new Event("themechange"));
}
