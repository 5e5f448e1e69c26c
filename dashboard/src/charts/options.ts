import type { ChartOptions, TooltipItem } from "chart.js";
import { axis } from "../format.ts";
import type { Colors } from "./colors.ts";

type Bar = ChartOptions<"bar">;

/** How every tooltip looks. */
export const tooltipStyle = ({ surface, text, line }: Colors) => ({
  backgroundColor: surface,
  titleColor: text,
  bodyColor: text,
  footerColor: text,
  borderColor: line,
  borderWidth: 1,
  padding: 10,
  cornerRadius: 8,
  boxPadding: 5,
  boxWidth: 8,
  boxHeight: 8,
  titleFont: { weight: 600 as const },
  footerFont: { weight: 600 as const },
  caretSize: 0,
});

type Texts = {
  title: (index: number) => string;
  write: (value: number) => string;
  /** As the axis has it; shorter than `write` unless given. */
  tick?: (value: number) => string;
  /** Under the values of a stack. */
  total?: boolean;
};

/** Bars by time, stacked where there are several series. */
export function barOptions(colors: Colors, { title, write, tick = axis, total = false }: Texts): Bar {
  const value = (item: TooltipItem<"bar">) => item.parsed.y ?? 0;
  return {
    interaction: { mode: "index", intersect: false },
    layout: { padding: { top: 4 } },
    scales: {
      x: {
        stacked: true,
        grid: { display: false },
        border: { color: colors.line },
        ticks: { color: colors.soft, maxRotation: 0, autoSkipPadding: 16 },
      },
      y: {
        stacked: true,
        beginAtZero: true,
        border: { display: false },
        grid: { color: colors.line },
        ticks: { color: colors.soft, maxTicksLimit: 5, padding: 6, callback: (at) => tick(Number(at)) },
      },
    },
    plugins: {
      tooltip: {
        ...tooltipStyle(colors),
        itemSort: (a, b) => b.datasetIndex - a.datasetIndex,
        filter: (item) => value(item) > 0 || !total,
        callbacks: {
          title: ([item]) => (item === undefined ? "" : title(item.dataIndex)),
          label: (item) => ` ${item.dataset.label}: ${write(value(item))}`,
          footer: (items) =>
            total && items.length > 1 ? `Total: ${write(items.reduce((sum, i) => sum + value(i), 0))}` : "",
        },
      },
    },
  };
}
