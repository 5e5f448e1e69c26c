import type { ChartConfiguration } from "chart.js";
import { useMemo } from "preact/hooks";
import { ChartCanvas } from "./chart.tsx";
import { useColors } from "./colors.ts";
import { tooltipStyle } from "./options.ts";

/** A bar that lies: its name, its length, and what is written at its end. */
export type Level = { name: string; value: number; text: string; faint?: number | null; hint?: string };

type Props = { levels: Level[]; label: string; onPick?: ((index: number) => void) | undefined };

/** Bars that lie one below the other, each with its value; a thin one below for the period before. */
export function Levels({ levels, label, onPick }: Props) {
  const colors = useColors();
  const key = JSON.stringify(levels);
  const hasFaint = levels.some(({ faint }) => faint !== undefined && faint !== null);
  // The key stands for the levels.
  const config = useMemo(
    (): ChartConfiguration<"bar"> => ({
      type: "bar",
      data: {
        labels: levels.map(({ name }) => name),
        datasets: [
          {
            label: "now",
            data: levels.map(({ value }) => value),
            backgroundColor: colors.accent,
            borderRadius: 3,
            categoryPercentage: 0.8,
            barPercentage: hasFaint ? 0.9 : 0.7,
            maxBarThickness: 22,
          },
          ...(hasFaint
            ? [
                {
                  label: "period before",
                  data: levels.map(({ faint }) => faint ?? 0),
                  backgroundColor: colors.other,
                  borderRadius: 3,
                  categoryPercentage: 0.8,
                  barPercentage: 0.45,
                  maxBarThickness: 8,
                },
              ]
            : []),
        ],
      },
      options: {
        indexAxis: "y",
        interaction: { mode: "index", axis: "y", intersect: false },
        scales: {
          x: { display: false, beginAtZero: true },
          y: {
            grid: { display: false },
            border: { display: false },
            ticks: { color: colors.soft, crossAlign: "far", padding: 10, autoSkip: false },
          },
          // The values, at the ends of their lines.
          yText: {
            axis: "y",
            type: "category",
            position: "right",
            offset: true,
            labels: levels.map(({ text }, index) => `${text}${" ".repeat(index)}`),
            grid: { display: false },
            border: { display: false },
            ticks: { color: colors.text, crossAlign: "near", padding: 10, autoSkip: false, font: { weight: 600 } },
          },
        },
        plugins: {
          tooltip: {
            ...tooltipStyle(colors),
            displayColors: false,
            callbacks: {
              title: ([item]) => levels[item?.dataIndex ?? 0]?.name ?? "",
              label: ({ dataIndex, datasetIndex }) => {
                const level = levels[dataIndex];
                return datasetIndex === 0 ? (level?.hint ?? level?.text ?? "") : "";
              },
            },
            filter: ({ datasetIndex }) => datasetIndex === 0,
          },
        },
      },
    }),
    [key, colors],
  );
  return <ChartCanvas config={config} label={label} onPick={onPick} />;
}
