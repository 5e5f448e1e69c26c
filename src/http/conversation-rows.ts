import type { ConversationAnswer } from "./conversation-schemas.ts";
import type { Queryable } from "./database.ts";
import { Problem } from "./problem.ts";
import { readColumns } from "./source-tables.ts";
import { identifier, sql, trusted } from "./sql.ts";

/** A session: the schema of its source's ledgers, and its key there. */
export type SessionOf = { schema: string; key: string };

type Messages = ConversationAnswer["messages"];
type Page = { limit: number; after: string | undefined };

/** Messages with their ledger entries, in the ledger's order, and whether there are more. */
export async function readLedger(
  db: Queryable,
  session: SessionOf,
  page: Page,
): Promise<{ rows: Messages; more: boolean }> {
  const { schema, key } = session;
  const ledger = identifier(`${schema}.messages`);
  const type = trusted((await readColumns(db, `${schema}.messages`)).get("conversation_id") ?? "text");
  if (page.after !== undefined) await requireMessage(db, session, page.after);
  const after =
    page.after === undefined
      ? sql``
      : sql`and (p.created_at, p.conversation_id) > (
          select created_at, conversation_id from ${ledger} where conversation_id = ${page.after}::text::${type})`;
  const found = await db.query<{ row: Messages[number] }>(sql`
    select json_build_object(
      'id', l.conversation_id::text, 'role', l.role, 'message', l.message, 'response', l.response, 'model', l.model,
      'created_at', nullif(l.created_at, 'infinity') at time zone 'UTC',
      'responded_at', l.responded_at at time zone 'UTC',
      'counted', json_build_object(
        'user_messages', l.user_messages, 'ai_messages', l.ai_messages,
        'prompt_tokens', l.prompt_tokens, 'prompt_source', l.prompt_source,
        'completion_tokens', l.completion_tokens, 'completion_source', l.completion_source,
        'encoding', case when 'tiktoken' in (l.prompt_source, l.completion_source) then l.encoding end,
        'response_seconds', l.response_us / 1000000.0,
        'counted_at', l.counted_at at time zone 'UTC'
      )) as row
    from ${identifier(`${schema}.readable_messages`)} as l
    where l.session_key = ${key}
      -- The page first, by index: a session may be long, and texts are read for no more than these.
      and l.conversation_id = any(array(
        select p.conversation_id from ${ledger} as p
        where p.session_key = ${key} ${after}
        order by p.created_at, p.conversation_id
        limit ${page.limit + 1}
      ))
    order by l.created_at, l.conversation_id`);
  const rows = found.slice(0, page.limit).map(({ row }) => ({
    ...row,
    created_at: utc(row.created_at),
    responded_at: utc(row.responded_at),
    counted: { ...row.counted, counted_at: utc(row.counted.counted_at) },
  }));
  return { rows, more: found.length > page.limit };
}

async function requireMessage(db: Queryable, { schema, key }: SessionOf, id: string): Promise<void> {
  const [row] = await db.query(
    sql`select from ${identifier(`${schema}.messages`)} where session_key = ${key} and conversation_id::text = ${id}`,
  );
  if (row === undefined) throw new Problem(400, "no_such_page", "The session has no message that `after` names.");
}

// Times come without a zone, in UTC, whatever the session's zone is.
function utc(time: string | null): string | null {
  return time === null || !/^\d/.test(time) ? null : `${time}Z`;
}

type Numbers = Pick<ConversationAnswer, "session_id" | "organization_id" | "numbers">;
type Value = number | string | boolean | null;

/** The metrics of a session, column by column, with their meaning and their sums in the ledger. */
export async function readNumbers(db: Queryable, { schema, key }: SessionOf): Promise<Numbers> {
  const [row] = await db.query<{ metrics: Record<string, Value>; sums: Record<string, number | null> }>(sql`
    select to_jsonb(m) || jsonb_build_object('conversation_id', conversation_id::text, 'widget_id', widget_id::text,
      'user_id', user_id::text) as metrics, (
      select jsonb_build_object(
        'user_messages', sum(user_messages), 'ai_messages', sum(ai_messages),
        'total_messages', sum(user_messages + ai_messages),
        'prompt_tokens', sum(prompt_tokens), 'completion_tokens', sum(completion_tokens),
        'total_tokens', sum(prompt_tokens::bigint + completion_tokens),
        'message_rows', count(*), 'response_count', count(response_us),
        'response_us_sum', coalesce(sum(response_us), 0), 'average_response_time', avg(response_us) / 1000000)
      from ${identifier(`${schema}.messages`)} as l where l.session_key = m.session_key
    ) as sums
    from ${identifier(`${schema}.session_metrics`)} as m where session_key = ${key}`);
  if (row === undefined) throw new Problem(404, "no_session", "There is no such session.");
  const table = `${schema === "metrics" ? "public" : schema}.conversation_metrics`;
  const meanings = await db.query<{ name: string; meaning: string }>(sql`
    select attname::text as name, coalesce(col_description(attrelid, attnum), '') as meaning
    from pg_attribute
    where attrelid = to_regclass(${table}) and attnum > 0 and not attisdropped
    order by attnum`);
  const numbers = meanings
    .filter(({ name }) => !["session_key", "session_id", "organization_id"].includes(name))
    .map(({ name, meaning }): [string, ConversationAnswer["numbers"][string]] => [
      name,
      {
        value: row.metrics[name] ?? null,
        ...(name in row.sums ? { from_ledger: row.sums[name] ?? null } : {}),
        meaning,
      },
    ]);
  const { session_id, organization_id } = row.metrics;
  return {
    session_id: String(session_id),
    organization_id: organization_id === null ? null : String(organization_id),
    numbers: Object.fromEntries(numbers),
  };
}

/** The leads and the feedback that a session was counted with. */
export async function readExtras(
  db: Queryable,
  { schema, key }: SessionOf,
): Promise<Pick<ConversationAnswer, "leads" | "feedback">> {
  const leads = await db.query<ConversationAnswer["leads"][number]>(sql`
    select lead_id::text as id, name, email, company,
      row_number() over (order by created_at desc, lead_id desc) = 1 as counted
    from ${identifier(`${schema}.leads`)} where session_key = ${key} order by created_at, lead_id limit 500`);
  const feedback = await db.query<ConversationAnswer["feedback"][number]>(sql`
    select feedback_id::text as id, rating::float8 as rating, conversation_id::text as message
    from ${identifier(`${schema}.feedback`)} where session_key = ${key} order by feedback_id limit 500`);
  return { leads, feedback };
}
