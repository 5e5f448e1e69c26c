import { styleText } from "node:util";
import { connect, type Sql } from "../database.ts";
import { foreignTables, readColumns } from "../demo/tables.ts";
import { hasDemo } from "./demo-data.ts";
import { type CliSettings, commandLine } from "./settings.ts";

const WIDTH = 110;
const INSERT = `insert into conversations
    (organization_id, session_id, message, response)
    values (1, 's-1', 'Open on Sundays?', 'Yes, from 10 to 18.')`;

/** What can be done with a database, as lines to copy: only such as work there. */
export async function whatNext(url: string, settings: CliSettings): Promise<string> {
  const { isForTrying, hasDemo, session } = await look(url, settings);
  const insert = isForTrying ? [`  ${commandLine(settings, `sql "${INSERT}"`)}`] : [];
  const shown = session ?? (isForTrying ? "s-1" : undefined);
  const lines: [string, string][] = [];
  const add = (rest: string, does: string) => lines.push([commandLine(settings, rest), does]);
  if (isForTrying && !hasDemo) add("demo", "write 90 days of conversations, and see their metrics");
  if (shown !== undefined) add(`session ${shown}`, "one session, and where its numbers come from");
  add("recent", "what changed in the last minutes");
  add("doctor", "when something looks wrong");
  const column = Math.min(WIDTH, Math.max(...lines.map(([line]) => line.length)));
  return `
${styleText("bold", "Next")}
${[...insert, ...lines.map(([line, does]) => `  ${line.padEnd(column)}   ${does}`)].join("\n")}
  Everything: npx conversation-metrics --help, docs/cli.md`;
}

type Found = {
  /** The tables are ours, and nobody's own rows stand there: made-up ones do no harm. */
  isForTrying: boolean;
  hasDemo: boolean;
  /** One that `session` shows by this name alone. */
  session: string | undefined;
};

async function look(url: string, { databaseUrl }: CliSettings): Promise<Found> {
  const sql = connect(url, { max: 1 });
  try {
    const session = await anySession(sql);
    const isEmpty = databaseUrl === undefined || session === undefined;
    const isForTrying = isEmpty && (await hasTables(sql)) && foreignTables(await readColumns(sql)).length === 0;
    return { isForTrying, hasDemo: isForTrying && (await hasDemo(sql)), session };
  } finally {
    await sql.end({ timeout: 5 });
  }
}

// Without them only attached tables are counted.
async function hasTables(sql: Sql): Promise<boolean> {
  const found = await sql`select from metrics.attachments where name = 'default'`;
  return found.count > 0;
}

// Of the first few, one that needs no quotes in a shell and that one organization has.
async function anySession(sql: Sql): Promise<string | undefined> {
  const [found] = await sql<[{ id: string }?]>`
    select few.session_id::text as id
    from (select session_id from public.all_conversation_metrics limit 100) as few
    where few.session_id::text ~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$'
      and (select count(*) from public.all_conversation_metrics as m where m.session_id = few.session_id) = 1
    limit 1`;
  return found?.id;
}
