import { Command } from "@commander-js/extra-typings";
import type { Sql } from "../../database.ts";
import { counted, decimal, duration, integer, NONE } from "../format.ts";
import { helpText, UNUSABLE_CODE } from "../help.ts";
import { rowsToJson } from "../json-rows.ts";
import { wholeNumber } from "../options.ts";
import { queryRows } from "../result.ts";
import { withDatabase } from "../session.ts";
import { chooseSources, sourceOption } from "../sources.ts";
import type { Column } from "../table.ts";

const HELP = helpText({
  about: "\nThe sessions whose metrics changed last, the latest first: what the triggers have just counted.",
  examples: [
    ["npx conversation-metrics recent", "the last 5 minutes"],
    ["npx conversation-metrics recent --minutes 1440 --limit 200", "the last day"],
    ["npx conversation-metrics recent --json", "every column, for a program"],
  ],
  exitCodes: [[0, "also when there is none"], [1, "a statement failed"], UNUSABLE_CODE],
});

const COLUMNS: Column[] = [
  { name: "changed" },
  { name: "source", min: 6 },
  { name: "organization", min: 6 },
  { name: "session" },
  { name: "messages", number: true },
  { name: "tokens", number: true },
  { name: "duration", number: true, spare: 2 },
  { name: "response", number: true, spare: 3 },
  { name: "rating", number: true, spare: 4 },
  { name: "lead", spare: 5 },
];

const CHANGED = "where updated_at > now() - make_interval(mins => $1::integer)";

/** `recent`: the sessions that changed last. */
export function recentCommand() {
  return new Command("recent")
    .description("the sessions whose metrics changed in the last minutes")
    .option("-m, --minutes <count>", "how far back", wholeNumber(1), 5)
    .option("-n, --limit <rows>", "how many at most", wholeNumber(1), 20)
    .addOption(sourceOption())
    .option("--json", "print JSON")
    .addHelpText("after", HELP)
    .action(async ({ minutes, limit, source, json }, command) => {
      await withDatabase(command, async (session) => {
        const { sql, out } = session;
        const sources = await chooseSources(session, source);
        const [only, second] = sources;
        const several = second !== undefined;
        // All columns where there is one source; of several, those that have the same types everywhere. Of none it is empty.
        const from =
          only === undefined || several ? "public.all_conversation_metrics" : `${only.schema}.session_metrics`;
        const latest = `select * from ${from} ${CHANGED} order by updated_at desc, session_key limit $2::integer`;
        const parameters = [String(minutes), String(limit)];
        if (json) return out.print(rowsToJson(await queryRows(sql, latest, parameters)));
        const rows = await readRows(
          sql,
          only === undefined || several ? latest : `select null as source, * from (${latest}) as one`,
          parameters,
        );
        const total = rows.length < limit ? rows.length : await countChanged(sql, from, minutes);
        if (rows.length > 0)
          out.table(
            COLUMNS.filter(({ name }) => several || name !== "source"),
            rows.map((row) => cells(row, several)),
          );
        const more = total > rows.length ? `, the latest ${integer(rows.length)} are shown (--limit)` : "";
        out.print(`${counted(total, "session")} changed in the last ${counted(minutes, "minute")}${more}.`);
      });
    });
}

type Row = {
  changed: string;
  source: string | null;
  organization_id: string | null;
  session_id: string;
  total_messages: number;
  total_tokens: string;
  conversation_duration: number | null;
  average_response_time: number | null;
  user_satisfaction: number | null;
  lead: string | null;
};

async function readRows(sql: Sql, latest: string, parameters: string[]): Promise<Row[]> {
  return sql.unsafe<Row[]>(
    `select to_char(updated_at, case when updated_at >= current_date then '' else 'YYYY-MM-DD ' end || 'HH24:MI:SS') as changed,
      source, organization_id::text, session_id::text, total_messages, total_tokens, conversation_duration,
      average_response_time, user_satisfaction,
      case when has_lead then coalesce(lead_name, lead_email, lead_company, 'yes') end as lead
    from (${latest}) as latest`,
    parameters,
  );
}

async function countChanged(sql: Sql, from: string, minutes: number): Promise<number> {
  const [row] = await sql.unsafe<[{ count: string }]>(`select count(*) from ${from} ${CHANGED}`, [String(minutes)]);
  return Number(row.count);
}

function cells(row: Row, several: boolean): string[] {
  return [
    row.changed,
    ...(several ? [row.source ?? NONE] : []),
    row.organization_id ?? NONE,
    row.session_id,
    integer(row.total_messages),
    integer(row.total_tokens),
    duration(row.conversation_duration),
    duration(row.average_response_time),
    decimal(row.user_satisfaction, 1),
    row.lead ?? NONE,
  ];
}
