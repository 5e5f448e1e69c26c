import type { ChartConfiguration } from "chart.js";
import { useMemo } from "preact/hooks";
import { ChartCanvas } from "../charts/chart.tsx";
import { useColors, withAlpha } from "../charts/colors.ts";

/** A small line of the days of the range. The figure beside it says what it leads to, so it is only looked at. */
export function Trend({ values }: { values: (number | null)[] }) {
  const colors = useColors();
  const key = JSON.stringify(values);
  // The key stands for the values.
  const config = useMemo(
    (): ChartConfiguration<"line"> => ({
      type: "line",
      data: {
        labels: values.map((_, index) => index),
        datasets: [
          {
            data: values,
            borderColor: colors.accent,
            backgroundColor: withAlpha(colors.accent, 0.1),
            fill: "origin",
            borderWidth: 1.5,
            borderJoinStyle: "round",
            pointRadius: values.length === 1 ? 2 : 0,
            spanGaps: true,
            tension: 0.3,
          },
        ],
      },
      options: {
        events: [],
        layout: { padding: { top: 3, bottom: 1 } },
        scales: { x: { display: false }, y: { display: false, grace: "5%", min: lowest(values) } },
        plugins: { tooltip: { enabled: false } },
      },
    }),
    [key, colors],
  );
  return (
    <div class="trend" aria-hidden="true">
      <ChartCanvas config={config} label="" />
    </div>
  );
}

// Counts from zero, so that a small change does not look large; averages within what they are.
function lowest(values: (number | null)[]): number {
  const known = values.filter((value) => value !== null);
  const least = Math.min(...known);
  return Number.isFinite(least) && least > 0 && Math.max(...known) < least * 2 ? least * 0.9 : 0;
}
