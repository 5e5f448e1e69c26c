import { useSyncExternalStore } from "./store.ts";

export type Theme = "auto" | "light" | "dark";

const NAME = "conversation-metrics-theme";
const wantsDark = matchMedia("(prefers-color-scheme: dark)");

/** What the reader chose. */
export function chosenTheme(): Theme {
  const stored = read();
  return stored === "light" || stored === "dark" ? stored : "auto";
}

// A browser may forbid storing: then the choice lasts as long as the page.
function read(): string | null {
  try {
    return localStorage.getItem(NAME);
  } catch {
    return null;
  }
}

/** Chooses, for this page and the next visit. */
export function chooseTheme(theme: Theme): void {
  try {
    localStorage.setItem(NAME, theme);
  } catch {}
  applyTheme(theme);
}

/** Puts the choice, or else the system's, where the style sheet looks for it. */
export function applyTheme(theme: Theme = chosenTheme()): void {
  const dark = theme === "dark" || (theme === "auto" && wantsDark.matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  dispatchEvent(new Event("themechange"));
}

wantsDark.addEventListener("change", () => applyTheme());

const subscribe = (changed: () => void) => {
  addEventListener("themechange", changed);
  return () => removeEventListener("themechange", changed);
};

/** light or dark, again when it changes: charts are drawn in its colours. */
export const useTheme = (): string =>
  useSyncExternalStore(subscribe, () => document.documentElement.dataset.theme ?? "light");
