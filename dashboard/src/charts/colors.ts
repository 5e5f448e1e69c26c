import { useMemo } from "preact/hooks";
import { useTheme } from "../theme.ts";

/** The colors of the style sheet, as a canvas takes them. */
export type Colors = {
  text: string;
  soft: string;
  line: string;
  surface: string;
  accent: string;
  accentSoft: string;
  series: string[];
  other: string;
};

const SERIES = 6;

/** The colors of the present theme. */
export function useColors(): Colors {
  const theme = useTheme();
  // Another theme has other colors.
  return useMemo(readColors, [theme]);
}

function readColors(): Colors {
  const style = getComputedStyle(document.documentElement);
  const color = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    text: color("text"),
    soft: color("text-soft"),
    line: color("line"),
    surface: color("surface"),
    accent: color("accent"),
    accentSoft: color("accent-faint"),
    series: Array.from({ length: SERIES }, (_, n) => color(`series-${n + 1}`)),
    other: color("series-other"),
  };
}

/** A color of six digits with an opacity. */
export const withAlpha = (color: string, alpha: number): string =>
  `${color}${Math.round(Math.min(1, Math.max(0, alpha)) * 255)
    .toString(16)
    .padStart(2, "0")}`;
