import type { ChartConfiguration } from "chart.js";
import { useMemo } from "preact/hooks";
import { type Bucket, bucketsOf, sumOver } from "../charts/buckets.ts";
import { ChartCanvas } from "../charts/chart.tsx";
import { useColors } from "../charts/colors.ts";
import { barOptions } from "../charts/options.ts";
import { compact, integer, money } from "../format.ts";
import { addressOf, changed, goTo, type Place } from "../location.ts";
import { Legend, Panel } from "../parts/panel.tsx";
import type { Day, ModelDay } from "../types.ts";

type Series = { name: string; of: (day: string) => number };
type Shared = { place: Place; days: string[] };

/** The list of the conversations that began in a bar's days. */
export const listOf = (place: Place, { from, to }: Pick<Bucket, "from" | "to">): Place =>
  changed(place, { view: "conversations", on_from: from, on_to: to, after: undefined });

type Props = Shared & {
  title: string;
  note: string;
  series: Series[];
  write: (value: number) => string;
  tick?: (value: number) => string;
};

function Bars({ place, days, title, note, series, write, tick }: Props) {
  const colors = useColors();
  const buckets = useMemo(() => bucketsOf(days), [days.join()]);
  const values = series.map(({ of }) => buckets.map((bucket) => sumOver(bucket, of)));
  const key = JSON.stringify([buckets, values, series.map(({ name }) => name)]);
  const isStack = series.length > 1;
  // The key stands for the figures.
  const config = useMemo(
    (): ChartConfiguration<"bar"> => ({
      type: "bar",
      data: {
        labels: buckets.map(({ label }) => label),
        datasets: series.map(({ name }, index) => ({
          label: name,
          data: values[index] ?? [],
          backgroundColor: name === OTHER ? colors.other : (colors.series[index] ?? colors.other),
          borderColor: colors.surface,
          borderWidth: { top: isStack && index > 0 ? 1 : 0, left: 0, right: 0, bottom: 0 },
          borderSkipped: false,
          borderRadius: index === series.length - 1 ? 2 : 0,
          maxBarThickness: 40,
          categoryPercentage: 0.86,
          barPercentage: 0.9,
        })),
      },
      options: barOptions(colors, {
        title: (index) => buckets[index]?.title ?? "",
        write,
        ...(tick && { tick }),
        total: isStack,
      }),
    }),
    [key, colors],
  );
  const all = values.map((own) => own.reduce((a, b) => a + b, 0));
  const total = all.reduce((a, b) => a + b, 0);
  return (
    <Panel
      title={title}
      note={note}
      empty={total === 0 ? "Nothing in this range." : undefined}
      table={{
        columns: ["Day", ...series.map(({ name }) => name), ...(isStack ? ["Total"] : [])],
        rows: buckets.map((bucket, index) => [
          { text: bucket.title, href: addressOf(listOf(place, bucket)) },
          ...values.map((own) => ({ text: write(own[index] ?? 0), number: true })),
          ...(isStack ? [{ text: write(values.reduce((sum, own) => sum + (own[index] ?? 0), 0)), number: true }] : []),
        ]),
      }}
      legend={
        isStack ? <Legend entries={series.map(({ name }, index) => ({ name, series: swatchOf(name, index) }))} /> : null
      }
    >
      <ChartCanvas
        config={config}
        label={`${title}: ${write(total)} in all. ${isStack ? series.map(({ name }, index) => `${name} ${write(all[index] ?? 0)}`).join(", ") : ""}`}
        onPick={(index) => {
          const bucket = buckets[index];
          if (bucket !== undefined) goTo(listOf(place, bucket));
        }}
      />
    </Panel>
  );
}

const OTHER = "Other models";
const MOST_MODELS = 5;

const swatchOf = (name: string, index: number) => (name === OTHER ? "series-other" : `series-${index + 1}`);

/** One series for each model, the largest first; what is beyond the colors together. */
function byModel(rows: ModelDay[], amountOf: (row: ModelDay) => number): Series[] {
  const totals = new Map<string, number>();
  // By tokens in each chart, so that a model has the same color in all of them.
  for (const row of rows) totals.set(nameOf(row), (totals.get(nameOf(row)) ?? 0) + row.total_tokens);
  const names = [...totals].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).map(([name]) => name);
  const own = names.slice(0, names.length > MOST_MODELS + 1 ? MOST_MODELS : MOST_MODELS + 1);
  const values = new Map<string, number>();
  for (const row of rows) {
    const key = `${row.day} ${own.includes(nameOf(row)) ? nameOf(row) : OTHER}`;
    values.set(key, (values.get(key) ?? 0) + amountOf(row));
  }
  const shown = own.length < names.length ? [...own, OTHER] : own;
  return shown.map((name) => ({ name, of: (day) => values.get(`${day} ${name}`) ?? 0 }));
}

const nameOf = ({ model }: ModelDay) => model ?? "No model given";

type ModelProps = Shared & { rows: ModelDay[] };

/** Conversations by the day on which they began. */
export function ConversationsByDay({ rows, ...shared }: Shared & { rows: Day[] }) {
  const values = new Map(rows.map(({ day, conversations }) => [day, conversations]));
  const series = [{ name: "Conversations", of: (day: string) => values.get(day) ?? 0 }];
  return (
    <Bars {...shared} title="Conversations" note="by the day on which they began" series={series} write={integer} />
  );
}

/** Messages of these conversations, by model. */
export function MessagesByModel({ rows, ...shared }: ModelProps) {
  const series = byModel(rows, ({ messages }) => messages);
  return <Bars {...shared} title="Messages" note="by model" series={series} write={integer} />;
}

/** Their tokens, by model. */
export function TokensByModel({ rows, ...shared }: ModelProps) {
  const series = byModel(rows, ({ total_tokens }) => total_tokens);
  return <Bars {...shared} title="Tokens" note="prompt and completion, by model" series={series} write={compact} />;
}

const moneyTick = (value: number) => (value === 0 ? "$0" : money(value));

/** What they cost, by model. */
export function CostByModel({ rows, ...shared }: ModelProps) {
  const series = byModel(rows, ({ cost }) => cost ?? 0);
  const unpriced = rows.reduce((sum, row) => sum + row.unpriced_tokens, 0);
  const note = unpriced > 0 ? `by model; ${compact(unpriced)} tokens have no price` : "by model";
  return <Bars {...shared} title="Cost" note={note} series={series} write={money} tick={moneyTick} />;
}
