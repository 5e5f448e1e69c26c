import type { ChartConfiguration, ChartType } from "chart.js";
import type {} from "chartjs-chart-matrix";
import { useMemo } from "preact/hooks";
import { ChartCanvas } from "../charts/chart.tsx";
import { useColors, withAlpha } from "../charts/colors.ts";
import { tooltipStyle } from "../charts/options.ts";
import { hourName, integer, shortWeekday, weekdayName } from "../format.ts";
import { addressOf, changed, goTo, type Place } from "../location.ts";
import { Panel } from "../parts/panel.tsx";
import type { Hour } from "../types.ts";

const HOURS = Array.from({ length: 24 }, (_, hour) => String(hour).padStart(2, "0"));
const WEEKDAYS = [1, 2, 3, 4, 5, 6, 7];

/** When conversations begin: weekday by hour, the darker the more. */
export function BusiestHours({ place, rows }: { place: Place; rows: Hour[] }) {
  const colors = useColors();
  const most = Math.max(1, ...rows.map(({ conversations }) => conversations));
  const busiest = rows.reduce<Hour | undefined>((a, b) => (a && a.conversations >= b.conversations ? a : b), undefined);
  const list = ({ weekday, hour }: Hour) =>
    changed(place, { view: "conversations", weekday: String(weekday), hour: String(hour), after: undefined });
  const key = JSON.stringify(rows);
  // The key stands for the rows.
  const config = useMemo((): ChartConfiguration<ChartType> => {
    const matrix: ChartConfiguration<"matrix"> = {
      type: "matrix",
      data: {
        datasets: [
          {
            label: "Conversations",
            data: rows.map(cellOf),
            backgroundColor: ({ dataIndex }) => {
              const count = rows[dataIndex]?.conversations ?? 0;
              return count === 0
                ? withAlpha(colors.other, 0.14)
                : withAlpha(colors.accent, 0.14 + (0.86 * count) / most);
            },
            borderRadius: 3,
            width: ({ chart }) => Math.max(2, (chart.chartArea?.width ?? 0) / 24 - 3),
            height: ({ chart }) => Math.max(2, (chart.chartArea?.height ?? 0) / 7 - 3),
          },
        ],
      },
      options: {
        scales: {
          x: {
            type: "category",
            labels: HOURS,
            offset: true,
            grid: { display: false },
            border: { display: false },
            ticks: { color: colors.soft, maxRotation: 0, autoSkipPadding: 12 },
          },
          y: {
            type: "category",
            labels: WEEKDAYS.map(shortWeekday),
            offset: true,
            reverse: false,
            grid: { display: false },
            border: { display: false },
            ticks: { color: colors.soft, autoSkip: false },
          },
        },
        plugins: {
          tooltip: {
            ...tooltipStyle(colors),
            displayColors: false,
            callbacks: {
              title: ([item]) => nameOf(rows[item?.dataIndex ?? 0]),
              label: ({ dataIndex }) => `${integer(rows[dataIndex]?.conversations)} conversations`,
            },
          },
        },
      },
    };
    return matrix as ChartConfiguration<ChartType>;
  }, [key, colors]);
  const isEmpty = busiest === undefined || busiest.conversations === 0;
  return (
    <Panel
      title="Busiest hours"
      note={isEmpty ? `in ${place.tz}` : `most on ${nameOf(busiest)}, in ${place.tz}`}
      empty={isEmpty ? "Nothing in this range." : undefined}
      table={{
        columns: ["Hour", ...WEEKDAYS.map(shortWeekday)],
        rows: HOURS.map((_, hour) => [
          { text: hourName(hour) },
          ...WEEKDAYS.map((weekday) => {
            const row = rows.find((each) => each.weekday === weekday && each.hour === hour);
            const count = row?.conversations ?? 0;
            return { text: integer(count), number: true, href: row && count > 0 ? addressOf(list(row)) : undefined };
          }),
        ]),
      }}
    >
      <ChartCanvas
        config={config}
        label={`Conversations by weekday and hour; most on ${nameOf(busiest)}`}
        onPick={(index) => {
          const row = rows[index];
          if (row !== undefined) goTo(list(row));
        }}
      />
    </Panel>
  );
}

// Both axes are categories: a cell's place is their names. The plugin's types know numbers alone.
const cellOf = ({ weekday, hour }: Hour) =>
  ({ x: HOURS[hour], y: shortWeekday(weekday) }) as unknown as { x: number; y: number };

const nameOf = (row: Hour | undefined) =>
  row === undefined ? "" : `${weekdayName(row.weekday)}, ${hourName(row.hour)}`;
