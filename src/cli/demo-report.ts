import type { Sql } from "../database.ts";
import { counted, decimal, duration, integer } from "./format.ts";
import type { Session } from "./session.ts";
import { commandLine } from "./settings.ts";

type Organization = {
  organization_id: string | null;
  sessions: number;
  messages: number;
  tokens: number;
  response: number | null;
  leads: number;
  rating: number | null;
};

/** What a demo made, read back from the metrics. */
export type DemoReport = {
  seed: number;
  seconds: number;
  sessions: number;
  messages: number;
  example: string;
  organizations: Organization[];
};

/** Reads the metrics of a demo's sessions. */
export async function demoReport(sql: Sql, seed: number, seconds: number): Promise<DemoReport> {
  const ours = sql`starts_with(session_id::text, ${`demo-${seed}-`})`;
  const organizations = await sql<Organization[]>`
    select organization_id::text, count(*)::float8 as sessions, sum(total_messages)::float8 as messages,
      sum(total_tokens)::float8 as tokens, (sum(response_us_sum) / nullif(sum(response_count), 0) / 1000000)::float8 as response,
      (count(*) filter (where has_lead))::float8 as leads, (sum(rating_sum) / nullif(sum(rating_count), 0))::float8 as rating
    from public.conversation_metrics
    where ${ours}
    group by organization_id
    order by conversation_metrics.organization_id`;
  const [example] = await sql<[{ session_id: string }?]>`
    select session_id::text from public.conversation_metrics
    where ${ours}
    order by has_lead desc, rating_count desc, abs(message_rows - 4), session_id
    limit 1`;
  const total = (of: "sessions" | "messages") => organizations.reduce((sum, row) => sum + row[of], 0);
  return {
    seed,
    seconds: Math.round(seconds * 100) / 100,
    sessions: total("sessions"),
    messages: total("messages"),
    example: example?.session_id ?? "",
    organizations: [...organizations],
  };
}

/** Prints the report as a table, with what to do next. */
export function printDemo({ out, settings }: Session, report: DemoReport): void {
  const { seconds, sessions, messages } = report;
  out.print(
    `\n${counted(sessions, "session")} with ${integer(messages)} messages in ${decimal(seconds, 1)} s, counted as they were written:\n`,
  );
  const number = true;
  out.table(
    [
      { name: "organization" },
      { name: "sessions", number },
      { name: "messages", number },
      { name: "tokens", number },
      { name: "response", number, spare: 1 },
      { name: "leads", number, spare: 2 },
      { name: "rating", number, spare: 3 },
    ],
    report.organizations.map((row) => [
      row.organization_id ?? "none",
      integer(row.sessions),
      integer(row.messages),
      integer(row.tokens),
      duration(row.response),
      integer(row.leads),
      decimal(row.rating, 2),
    ]),
  );
  out.note(`
Next
  ${commandLine(settings, `session ${report.example}`)}
  ${commandLine(settings, "status")}
  ${commandLine(settings, "verify")}
  ${commandLine(settings, `sql "select * from conversation_metrics order by conversation_start desc limit 5"`)}`);
}
