import { z } from "zod";
import type { Queryable, Sql } from "../database.ts";
import { firstDay, type Month } from "./month.ts";

/** Which month of whom, and how it is priced. */
export type ReportOptions = {
  month: Month;
  /** none: the rows without one; undefined: all of them. */
  organization: string | undefined;
  timeZone: string;
  source: string;
  currency: string;
};

const count = z.number();
const value = z.number().nullable();

const totals = z.object({
  conversations: count,
  messages: count,
  total_tokens: count,
  estimated_messages: count,
  leads: count,
  conversion_rate: value,
  ratings: count,
  average_satisfaction: value,
  average_response_time: value,
});

const summary = totals.extend({
  previous_conversations: value,
  previous_messages: value,
  previous_total_tokens: value,
  previous_leads: value,
  previous_average_satisfaction: value,
  previous_average_response_time: value,
});

const priced = z.object({
  key: z.string().nullable(),
  messages: count,
  total_tokens: count,
  cost: value,
  unpriced_tokens: count,
  previous_cost: value,
});

const leads = z.object({ converted_conversations: count, leads_with_email: count, cost_per_lead: value });
const times = z.object({
  measure: z.string(),
  count,
  p50: value,
  p90: value,
  p95: value,
  p99: value,
  is_exact: z.boolean(),
});
const rating = z.object({ rating: count, ratings: count, share: value });

/** The figures of a month, all of one moment. */
export type MonthlyReport = Awaited<ReturnType<typeof readReport>>;

/** Reads a month by the SQL reports. */
export async function readReport(sql: Sql, options: ReportOptions) {
  const { month, organization, timeZone, source, currency } = options;
  return sql.begin("isolation level repeatable read read only", async (tx) => {
    const isNone = organization === "none";
    const filter = tx`public.report_filter(
      organization => ${isNone ? null : (organization ?? null)}::text, no_organization => ${isNone},
      from_time => metrics.day_start(${firstDay(month)}::text::date, metrics.known_zone(${timeZone})),
      to_time => metrics.day_start(${firstDay(month, 1)}::text::date, metrics.known_zone(${timeZone})),
      time_zone => ${timeZone}, source => ${source})`;
    const tokens = (by: string) =>
      rows(tx, priced, tx`public.report_tokens(${filter}, split_by => ${by}, currency => ${currency})`);
    return {
      options,
      summary: await one(tx, summary, tx`public.report_summary(${filter})`),
      days: await rows(tx, totals.extend({ day: z.string() }), tx`public.report_daily(${filter})`),
      costs: await tokens("day"),
      models: await tokens("model"),
      cost: (await tokens("total"))[0],
      leads: await one(tx, leads, tx`public.report_leads(${filter}, currency => ${currency})`),
      times: await rows(tx, times, tx`public.report_response_times(${filter})`),
      ratings: await rows(tx, rating, tx`public.report_satisfaction(${filter})`),
    };
  });
}

type Fragment = ReturnType<Queryable>;

async function rows<S extends z.ZodType>(tx: Queryable, schema: S, report: Fragment): Promise<z.output<S>[]> {
  const found = await tx<{ row: unknown }[]>`select to_jsonb(r) as row from ${report} as r`;
  return found.map(({ row }) => schema.parse(row));
}

async function one<S extends z.ZodType>(tx: Queryable, schema: S, report: Fragment): Promise<z.output<S>> {
  const [row] = await rows(tx, schema, report);
  return schema.parse(row);
}
