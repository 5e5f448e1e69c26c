import { z } from "zod";

const kinds = {
  count: z.int().min(0),
  counts: z.int().min(0).nullable(),
  number: z.number().nullable(),
  text: z.string().nullable(),
  day: z.iso.date().nullable(),
  time: z.string().nullable().meta({ format: "date-time" }),
  flag: z.boolean(),
};

type Kind = keyof typeof kinds;

// The columns of a report's function, by what they hold: "count: a b c", in their order.
function rows(id: string, ...columns: string[]) {
  const shape: Record<string, z.ZodType> = {};
  for (const line of columns) {
    const [kind = "", names = ""] = line.split(": ");
    for (const name of names.split(" ")) shape[name] = kinds[kind as Kind];
  }
  return z.object(shape).meta({ id });
}

const TOTALS =
  "conversations messages user_messages ai_messages total_tokens prompt_tokens completion_tokens estimated_messages leads";
const AVERAGES = "average_satisfaction average_messages average_tokens average_response_time average_duration";

const period = (id: string, name: string) =>
  rows(
    id,
    `day: ${name}`,
    "time: starts_at ends_at",
    `count: ${TOTALS}`,
    "number: conversion_rate",
    "count: ratings",
    `number: ${AVERAGES}`,
    "counts: previous_conversations previous_messages previous_total_tokens previous_leads",
    "number: previous_conversion_rate previous_average_satisfaction previous_average_response_time",
  );

const before = (names: string) =>
  names
    .split(" ")
    .map((name) => `previous_${name}`)
    .join(" ");

/** The rows of each report, by the name of its function. */
export const reportRows = {
  summary: rows(
    "SummaryRow",
    "time: from_time to_time previous_from_time",
    `count: ${TOTALS}`,
    "number: conversion_rate",
    "count: ratings",
    `number: ${AVERAGES}`,
    `counts: ${before(TOTALS)}`,
    "number: previous_conversion_rate",
    "counts: previous_ratings",
    `number: ${before(AVERAGES)}`,
  ),
  conversations: rows(
    "ConversationRow",
    "text: source session_id organization_id widget_id user_id conversation_id",
    "time: conversation_start conversation_end",
    "number: conversation_duration",
    "count: total_messages user_messages ai_messages total_tokens prompt_tokens completion_tokens estimated_messages",
    "number: average_response_time",
    "count: response_count",
    "flag: has_lead",
    "text: lead_name lead_email lead_company",
    "number: user_satisfaction",
    "count: rating_count",
    "time: created_at updated_at",
  ),
  tokens: rows(
    "TokensRow",
    "text: key",
    "count: messages total_tokens prompt_tokens completion_tokens estimated_tokens counted_tokens reported_tokens",
    "number: cost",
    "count: unpriced_messages unpriced_tokens",
    "counts: previous_messages previous_total_tokens",
    "number: previous_cost",
    "counts: previous_unpriced_tokens",
  ),
  model_days: rows(
    "ModelDayRow",
    "day: day",
    "text: model",
    "count: messages total_tokens prompt_tokens completion_tokens",
    "number: cost",
    "count: unpriced_messages unpriced_tokens",
  ),
  leads: rows(
    "LeadsRow",
    "text: key",
    "count: conversations converted_conversations",
    "number: conversion_rate",
    "count: leads leads_with_email",
    "number: cost cost_per_lead",
    "count: unpriced_messages unpriced_tokens",
    "counts: previous_conversations previous_converted_conversations",
    "number: previous_conversion_rate",
    "counts: previous_leads previous_leads_with_email",
    "number: previous_cost_per_lead",
  ),
  satisfaction: rows(
    "SatisfactionRow",
    "count: rating ratings",
    "number: share",
    "count: conversations",
    "counts: previous_ratings",
    "number: previous_share",
    "counts: previous_conversations",
  ),
  response_times: rows(
    "ResponseTimesRow",
    "text: measure",
    "count: count",
    "number: average p50 p90 p95 p99",
    "counts: previous_count",
    "number: previous_average previous_p50 previous_p90 previous_p95 previous_p99",
    "flag: is_exact",
  ),
  hours: rows(
    "HoursRow",
    "count: weekday hour conversations messages total_tokens",
    "counts: previous_conversations previous_messages",
  ),
  daily: period("DailyRow", "day"),
  weekly: period("WeeklyRow", "week"),
  monthly: period("MonthlyRow", "month"),
};

/** A report that has a function report_<name>. */
export type ReportName = keyof typeof reportRows;
