import type { Queryable, Sql } from "../database.ts";
import { type ConversationRow, type DemoOptions, type DemoSession, generateSessions } from "./generate.ts";
import { readColumns } from "./tables.ts";

const SESSIONS_A_TRANSACTION = 100;

const CONVERSATION = ["organization_id", "session_id", "widget_id", "user_id", "role", "message", "model"];
const NUMBERS_AND_TIMES = ["prompt_tokens", "completion_tokens", "created_at", "responded_at", "response"];
const LEAD = ["organization_id", "session_id", "widget_id", "user_id", "name", "email", "phone", "company"];
const FEEDBACK = ["conversation_id", "session_id", "organization_id", "message_index", "rating", "feedback_text"];
const COLUMNS = {
  conversations: [...CONVERSATION, ...NUMBERS_AND_TIMES],
  leads: [...LEAD, "custom_fields", "created_at"],
  feedback: [...FEEDBACK, "created_at"],
};
const ANSWER = ["response", "completion_tokens", "responded_at"];
type Table = keyof typeof COLUMNS;

/** How many rows a demo wrote. */
export type Written = Record<Table, number>;

/** Writes a demo by ordinary statements, as an application would; `onProgress` hears the sessions done. */
export async function writeDemo(
  sql: Sql,
  options: DemoOptions,
  onProgress: (sessions: number) => void = () => {},
): Promise<Written> {
  const written: Written = { conversations: 0, leads: 0, feedback: 0 };
  const present = await presentColumns(sql);
  let done = 0;
  for (const batch of inBatches(generateSessions(options))) {
    await sql.begin((tx) => writeBatch(tx, present, batch, written));
    done += batch.length;
    onProgress(done);
  }
  return written;
}

// An adopted table may lack what ours has.
async function presentColumns(sql: Sql): Promise<Record<Table, string[]>> {
  const found = await readColumns(sql);
  const of = (table: Table) =>
    COLUMNS[table].filter((name) => found.some((column) => column.table === table && column.name === name));
  return { conversations: of("conversations"), leads: of("leads"), feedback: of("feedback") };
}

function* inBatches(sessions: Iterable<DemoSession>): Generator<DemoSession[]> {
  let batch: DemoSession[] = [];
  for (const session of sessions) {
    batch.push(session);
    if (batch.length < SESSIONS_A_TRANSACTION) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

async function writeBatch(
  tx: Queryable,
  present: Record<Table, string[]>,
  batch: DemoSession[],
  written: Written,
): Promise<void> {
  const insert = async (table: Table, rows: object[]) => {
    if (rows.length === 0) return [];
    const ids = await insertRows(tx, table, present[table], rows);
    written[table] += ids.length;
    return ids;
  };
  await insert(
    "leads",
    batch.flatMap(({ lead }) => lead ?? []),
  );
  const rows = batch.flatMap(({ rows: own, streamed }) => own.map((row) => (streamed ? withoutAnswer(row) : row)));
  const ids = await insert("conversations", rows);

  let at = 0;
  const answers: object[] = [];
  const feedback: object[] = [];
  for (const session of batch) {
    const own = ids.slice(at, at + session.rows.length);
    at += session.rows.length;
    if (session.streamed) answers.push(...session.rows.map((row, index) => ({ ...row, id: own[index] })));
    if (session.feedback !== undefined)
      feedback.push({ ...session.feedback, conversation_id: own[session.feedback.onRow ?? -1] });
  }
  await updateAnswers(tx, present.conversations, answers);
  await insert("feedback", feedback);
}

function withoutAnswer(row: ConversationRow): ConversationRow {
  return { ...row, response: null, completion_tokens: null, responded_at: null };
}

async function insertRows(tx: Queryable, table: Table, columns: string[], rows: object[]): Promise<string[]> {
  const found = await tx<{ id: string }[]>`
    insert into ${tx(`public.${table}`)} (${tx(columns)})
    select ${tx(columns)} from jsonb_populate_recordset(null::${tx(`public.${table}`)}, ${JSON.stringify(rows)}::text::jsonb)
    returning id::text`;
  return found.map(({ id }) => id);
}

async function updateAnswers(tx: Queryable, columns: string[], rows: object[]): Promise<void> {
  const set = ANSWER.filter((name) => columns.includes(name)).map((name) => `${name} = answer.${name}`);
  if (rows.length === 0 || set.length === 0) return;
  await tx.unsafe(
    `update public.conversations as c set ${set.join(", ")}
    from jsonb_populate_recordset(null::public.conversations, $1::text::jsonb) as answer
    where c.id = answer.id`,
    [JSON.stringify(rows)],
  );
}
