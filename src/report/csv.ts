import { stringify } from "csv-stringify/sync";
import type { MonthlyReport } from "./read.ts";

/** A report's days as CSV, as numbers that a spreadsheet takes. */
export function reportCsv({ days, costs }: MonthlyReport): string {
  const costOf = new Map(costs.map(({ key, cost }) => [key, cost]));
  const lines = days.map((day) => ({
    day: day.day,
    conversations: day.conversations,
    messages: day.messages,
    total_tokens: day.total_tokens,
    estimated_messages: day.estimated_messages,
    cost: costOf.get(day.day) ?? null,
    leads: day.leads,
    conversion_rate: day.conversion_rate,
    average_response_time: day.average_response_time,
    ratings: day.ratings,
    average_satisfaction: day.average_satisfaction,
  }));
  return stringify(lines, { header: true });
}
