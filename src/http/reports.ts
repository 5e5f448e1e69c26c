import { z } from "zod";
import { filterFields, filterFor, scoped } from "./report-filter.ts";
import { type ReportName, reportRows } from "./report-schemas.ts";
import { readReport } from "./report-sql.ts";
import { defineRoute, noInput, type Route } from "./route.ts";
import { type Fragment, identifier, sql } from "./sql.ts";

const prices = z.record(z.string(), z.object({ prompt: z.number().min(0), completion: z.number().min(0) }));

const whatIf = z
  .string()
  .max(4000)
  .optional()
  .transform((text, context) => {
    if (text === undefined) return undefined;
    const parsed = z.safeParse(prices, jsonOf(text));
    if (parsed.success) return JSON.stringify(parsed.data);
    context.addIssue('must look like {"gpt-4o":{"prompt":2.5,"completion":10}}, per 1,000,000 tokens');
    return z.NEVER;
  })
  .meta({
    description: 'Other prices, per 1,000,000 tokens: `{"gpt-4o":{"prompt":2.5,"completion":10}}`.',
    type: "string",
  });

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const priceFields = {
  prices: z
    .enum(["charged", "today"])
    .default("charged")
    .meta({ description: "At the time of each message, or today's." }),
  what_if: whatIf,
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/, { error: "must look like USD" })
    .default("USD"),
};

const plain = z.strictObject(filterFields);
const tokens = z.strictObject({
  ...filterFields,
  ...priceFields,
  by: z.enum(["model", "widget", "day", "total"]).default("model"),
});
const leads = z.strictObject({
  ...filterFields,
  ...priceFields,
  by: z.enum(["total", "widget", "day"]).default("total"),
});

const modelDays = z.strictObject({ ...filterFields, ...priceFields });

type Priced = { by?: string; prices: string; what_if?: string | undefined; currency: string };

const priced = ({ by, prices: at, what_if, currency }: Priced) =>
  sql`${by === undefined ? sql`` : sql`, split_by => ${by}`}, prices => ${at}, what_if => ${what_if ?? null}::text::jsonb, currency => ${currency}`;

type Texts = { path: string; summary: string };

function report<Q extends typeof plain>(
  name: ReportName,
  { path, summary }: Texts,
  query: Q,
  more: (query: z.output<Q>) => Fragment = () => sql``,
): Route {
  return defineRoute({
    method: "get",
    path: `/api/reports/${path}`,
    tag: "Reports",
    summary,
    description: `The rows of the SQL function \`report_${name}\`: conversations count by their first message's time.`,
    access: "reader",
    ...noInput,
    query,
    responses: {
      200: [
        { description: "The report.", type: "application/json", schema: z.object({ rows: z.array(reportRows[name]) }) },
      ],
    },
    problems: [404, 409],
    handle: async ({ reads, db }, input) => {
      const filter = filterFor(await scoped(db, input.reader, input.query));
      const report = identifier(`public.report_${name}`);
      const rows = await readReport(
        reads,
        sql`select to_json(r) as row from ${report}(${filter}${more(input.query)}) as r`,
      );
      input.res.json({ rows });
    },
  });
}

/** GET /api/reports/…, but for the list of conversations and the export. */
export const reportRoutes: Route[] = [
  report("summary", { path: "summary", summary: "The totals, beside those of the period before" }, plain),
  report("tokens", { path: "tokens", summary: "Tokens and their cost by model, widget or day" }, tokens, priced),
  report("model_days", { path: "model-days", summary: "Tokens and their cost by day and model" }, modelDays, priced),
  report("leads", { path: "leads", summary: "Leads, conversion and cost per lead" }, leads, priced),
  report("satisfaction", { path: "satisfaction", summary: "How ratings are distributed" }, plain),
  report(
    "response_times",
    { path: "response-times", summary: "Response times and durations, with percentiles" },
    plain,
  ),
  report("hours", { path: "hours", summary: "When conversations start, by weekday and hour" }, plain),
  report("daily", { path: "daily", summary: "The totals of each day" }, plain),
  report("weekly", { path: "weekly", summary: "The totals of each ISO week" }, plain),
  report("monthly", { path: "monthly", summary: "The totals of each month" }, plain),
];
