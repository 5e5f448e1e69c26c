import { monthName } from "./month.ts";
import type { MonthlyReport } from "./read.ts";

const NONE = "–";
const whole = new Intl.NumberFormat("en-US");
const shares = new Intl.NumberFormat("en-US", { style: "percent", maximumFractionDigits: 1 });
const changes = new Intl.NumberFormat("en-US", {
  style: "percent",
  maximumFractionDigits: 1,
  signDisplay: "exceptZero",
});

type Value = number | null | undefined;

const or = (value: Value, write: (value: number) => string) =>
  value === null || value === undefined ? NONE : write(value);

export const integer = (value: Value): string => or(value, whole.format);
export const percent = (value: Value): string => or(value, shares.format);
export const decimal = (value: Value): string => or(value, (number) => number.toFixed(2));
export const seconds = (value: Value): string => or(value, (number) => `${number.toFixed(1)} s`);

/** An amount, with more digits where it is small. */
export const money = (value: Value, currency: string): string =>
  or(value, (number) => {
    const digits = number !== 0 && Math.abs(number) < 1 ? 4 : 2;
    const options = {
      style: "currency",
      currency,
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    } as const;
    return new Intl.NumberFormat("en-US", options).format(number);
  });

/** How a figure of some days changed against as many days before them; "" where that says nothing. */
export function change(now: Value, before: Value, days: number): string {
  if (now === null || now === undefined || before === null || before === undefined || before === 0) return "";
  return `${changes.format(now / before - 1)} against the ${days} days before`;
}

/** A key figure in words. */
export type Figure = { name: string; value: string; note: string };

/** A table in words: the first column names the row; bars are the shares of a row's figure in the largest one. */
export type Table = { title: string; columns: string[]; rows: string[][]; bars?: number[] };

/** Whom and which month a report is about. */
export function headingOf({ options: { organization, month, timeZone } }: MonthlyReport) {
  const whose =
    organization === undefined
      ? "All organizations"
      : organization === "none"
        ? "Without an organization"
        : `Organization ${organization}`;
  return {
    whose,
    month: monthName(month),
    note: `Conversations that began in this month, by the clocks of ${timeZone}.`,
  };
}

/** The figures that most people look for first. */
export function figuresOf({ summary, cost, leads, days, options: { currency } }: MonthlyReport): Figure[] {
  return [
    figure(
      "Conversations",
      integer(summary.conversations),
      change(summary.conversations, summary.previous_conversations, days.length),
    ),
    figure("Messages", integer(summary.messages), change(summary.messages, summary.previous_messages, days.length)),
    figure(
      "Tokens",
      integer(summary.total_tokens),
      change(summary.total_tokens, summary.previous_total_tokens, days.length),
    ),
    figure("Cost", money(cost?.cost, currency), change(cost?.cost, cost?.previous_cost, days.length)),
    figure(
      "Leads",
      integer(summary.leads),
      `${percent(summary.conversion_rate)} conversion, ${money(leads.cost_per_lead, currency)} each`,
    ),
    figure(
      "Response time",
      seconds(summary.average_response_time),
      change(summary.average_response_time, summary.previous_average_response_time, days.length),
    ),
    figure("Satisfaction", decimal(summary.average_satisfaction), `of 5, by ${integer(summary.ratings)} ratings`),
  ];
}

const figure = (name: string, value: string, note: string): Figure => ({ name, value, note });

/** All that is listed. */
export function tablesOf(report: MonthlyReport): Table[] {
  const { days, costs, models, times, ratings, options } = report;
  const { currency } = options;
  const costOf = new Map(costs.map(({ key, cost }) => [key, cost]));
  const answers = times.find(({ measure }) => measure === "answer");
  return [
    {
      title: "Days",
      columns: ["Day", "Conversations", "Messages", "Tokens", "Cost", "Leads", "Response", "Rating"],
      rows: days.map((day) => [
        day.day,
        integer(day.conversations),
        integer(day.messages),
        integer(day.total_tokens),
        money(costOf.get(day.day) ?? null, currency),
        integer(day.leads),
        seconds(day.average_response_time),
        decimal(day.average_satisfaction),
      ]),
      bars: sharesOf(days.map(({ conversations }) => conversations)),
    },
    {
      title: "Models",
      columns: ["Model", "Messages", "Tokens", "Cost", "Tokens without a price"],
      rows: models.map((row) => [
        row.key ?? "none given",
        integer(row.messages),
        integer(row.total_tokens),
        money(row.cost, currency),
        integer(row.unpriced_tokens),
      ]),
      bars: sharesOf(models.map(({ total_tokens }) => total_tokens)),
    },
    {
      title: "Response times",
      columns: ["Of all answers", answers?.is_exact === false ? "at most (± 1 %)" : "at most"],
      rows: [
        ["half of them", seconds(answers?.p50)],
        ["90 %", seconds(answers?.p90)],
        ["95 %", seconds(answers?.p95)],
        ["99 %", seconds(answers?.p99)],
      ],
    },
    {
      title: "Ratings",
      columns: ["Stars", "Ratings", "Share"],
      rows: ratings.toReversed().map((row) => [String(row.rating), integer(row.ratings), percent(row.share)]),
      bars: sharesOf(ratings.toReversed().map((row) => row.ratings)),
    },
  ];
}

const sharesOf = (values: number[]): number[] => {
  const most = Math.max(1, ...values);
  return values.map((value) => value / most);
};

/** How exact it all is. */
export function exactnessOf({ summary, cost }: MonthlyReport): string {
  const estimated =
    summary.estimated_messages === 0
      ? "All tokens were counted exactly, or reported by the provider."
      : `The tokens of ${integer(summary.estimated_messages)} of ${integer(summary.messages)} messages are estimates.`;
  const unpriced = cost?.unpriced_tokens ?? 0;
  return unpriced === 0 ? estimated : `${estimated} ${integer(unpriced)} tokens have no price and are not in the cost.`;
}
