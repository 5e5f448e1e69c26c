import { Command } from "@commander-js/extra-typings";
import type { Sql } from "../../database.ts";
import { counted, decimal, duration, integer, NONE } from "../format.ts";
import { helpText, UNUSABLE_CODE } from "../help.ts";
import { rowsToJson } from "../json-rows.ts";
import { wholeNumber } from "../options.ts";
import { queryRows } from "../result.ts";
import { withDatabase } from "../session.ts";
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
  { name: "organization", min: 6 },
  { name: "session" },
  { name: "messages", number: true },
  { name: "tokens", number: true },
  { name: "duration", number: true, spare: 2 },
  { name: "response", number: true, spare: 3 },
  { name: "rating", number: true, spare: 4 },
  { name: "lead", spare: 5 },
];

const CHANGED = "from public.conversation_metrics where updated_at > now() - make_interval(mins => $1::integer)";

/** `recent`: the sessions that changed last. */
export function recentCommand() {
  return new Command("recent")
    .description("the sessions whose metrics changed in the last minutes")
    .option("-m, --minutes <count>", "how far back", wholeNumber(1), 5)
    .option("-n, --limit <rows>", "how many at most", wholeNumber(1), 20)
    .option("--json", "print JSON")
    .addHelpText("after", HELP)
    .action(async ({ minutes, limit, json }, command) => {
      await withDatabase(command, async ({ sql, out }) => {
        const latest = `select * ${CHANGED} order by updated_at desc, session_key limit $2::integer`;
        const parameters = [String(minutes), String(limit)];
        if (json) return out.print(rowsToJson(await queryRows(sql, latest, parameters)));
        const rows = await readRows(sql, latest, parameters);
        const total = rows.length < limit ? rows.length : await countChanged(sql, minutes);
        if (rows.length > 0) out.table(COLUMNS, rows.map(cells));
        const more = total > rows.length ? `, the latest ${integer(rows.length)} are shown (--limit)` : "";
        out.print(`${counted(total, "session")} changed in the last ${counted(minutes, "minute")}${more}.`);
      });
    });
}

type Row = {
  changed: string;
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
    `select to_char(updated_at, 'HH24:MI:SS') as changed, organization_id::text, session_id::text, total_messages,
      total_tokens, conversation_duration, average_response_time, user_satisfaction,
      case when has_lead then coalesce(lead_name, lead_email, lead_company, 'yes') end as lead
    from (${latest}) as latest`,
    parameters,
  );
}

async function countChanged(sql: Sql, minutes: number): Promise<number> {
  const [row] = await sql.unsafe<[{ count: string }]>(`select count(*) ${CHANGED}`, [String(minutes)]);
  return Number(row.count);
}

function cells(row: Row): string[] {
  return [
    row.changed,
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
