import { average, counted, decimal, duration, integer, NONE } from "./format.ts";
import { printPairs } from "./pairs.ts";
import type { Session } from "./session.ts";
import {
  type LedgerMessage,
  type Metrics,
  readExtras,
  readMessages,
  readMetrics,
  type SessionOf,
} from "./session-rows.ts";
import type { Column } from "./table.ts";

const COLUMNS: Column[] = [
  { name: "id", min: 6 },
  { name: "created", spare: 1, min: 25 },
  { name: "user", number: true },
  { name: "AI", number: true },
  { name: "prompt", number: true },
  { name: "from", min: 4, spare: 2 },
  { name: "completion", number: true },
  { name: "from", min: 4, spare: 2 },
  { name: "response", number: true },
  { name: "text", min: 10, spare: 3 },
];

/** Prints a session's numbers, and under them the ledger entries that they add up from. */
export async function explainSession({ sql, out }: Session, session: SessionOf, limit: number): Promise<void> {
  const metrics = await readMetrics(sql, session);
  printPairs(out, metricLines(metrics, session.source.name));
  const messages = await readMessages(sql, session, limit);
  out.heading("\nMessages, as they were counted");
  const all = messages.length === metrics.message_rows;
  out.table(COLUMNS, [...messages.map(messageCells), ...(all ? [sumCells(metrics)] : [])]);
  if (!all)
    out.note(`The first ${integer(messages.length)} of ${counted(metrics.message_rows, "row")} (--limit, --json).`);
  const extras = await readExtras(sql, session);
  if (extras.length === 0) return;
  out.heading("\nLeads and feedback, as they were counted");
  out.table(
    [{ name: "kind" }, { name: "id", min: 6 }, { name: "counted as" }],
    extras.map(({ kind, id, counts_as }) => [kind, id, counts_as]),
  );
}

function metricLines(metrics: Metrics, source: string): [string, string][] {
  const lead = [metrics.lead_name, metrics.lead_email, metrics.lead_company].filter(Boolean).join(", ");
  return [
    [
      "session",
      `${metrics.session_id}, ${metrics.organization_id === null ? "no organization" : `organization ${metrics.organization_id}`}${source === "default" ? "" : ` (source ${source})`}`,
    ],
    ["from", `${metrics.conversation_start ?? NONE}`],
    [
      "to",
      `${metrics.conversation_end ?? NONE}${metrics.conversation_duration === null ? "" : ` (${duration(metrics.conversation_duration)})`}`,
    ],
    [
      "messages",
      `${integer(metrics.total_messages)}: ${integer(metrics.user_messages)} by the user, ${integer(metrics.ai_messages)} by the AI`,
    ],
    [
      "tokens",
      `${integer(metrics.total_tokens)}: ${integer(metrics.prompt_tokens)} prompt, ${integer(metrics.completion_tokens)} completion`,
    ],
    ["estimated", `tokens of ${counted(metrics.estimated_messages, "message")}`],
    ["response", average(duration(metrics.average_response_time), metrics.response_count, "answer")],
    ["rating", average(decimal(metrics.user_satisfaction, 2), metrics.rating_count, "rating")],
    ["lead", metrics.has_lead ? lead || "yes, without contact details" : NONE],
    ["changed", metrics.updated_at],
  ];
}

function messageCells(message: LedgerMessage): string[] {
  return [
    message.id,
    message.created ?? NONE,
    integer(message.user_messages),
    integer(message.ai_messages),
    integer(message.prompt_tokens),
    message.prompt_source ?? NONE,
    integer(message.completion_tokens),
    message.completion_source ?? NONE,
    duration(message.response_seconds),
    message.text ?? "",
  ];
}

function sumCells(metrics: Metrics): string[] {
  return [
    "total",
    "",
    integer(metrics.user_messages),
    integer(metrics.ai_messages),
    integer(metrics.prompt_tokens),
    "",
    integer(metrics.completion_tokens),
    "",
    duration(metrics.average_response_time),
    "",
  ];
}
