import type postgres from "postgres";
import type { Answer } from "../chat/answerer.ts";
import type { Queryable, Sql } from "../database.ts";
import { again } from "./again.ts";
import type { ChatBody, SessionMetrics } from "./schemas.ts";
import { readMetrics, type SessionRef } from "./session.ts";
import { assignmentsFor, type Columns, listFor, timeFor, type Value } from "./source-tables.ts";

/** What is stored of an exchange, and the session's metrics in the same transaction. */
export type StoredExchange = {
  id: string;
  created_at: string | null;
  responded_at: string | null;
  metrics: SessionMetrics | null;
};

type Row = { id: string; created_at: Date | null; responded_at: Date | null };
type Place = { sql: Sql; columns: Columns; session: SessionRef };

/** Stores question and answer as one row. */
export function storeExchange(place: Place, body: ChatBody, answer: Answer, tookSeconds: number) {
  const { sql, columns, session } = place;
  return again(() =>
    sql.begin(async (tx) => {
      const { names, values } = listFor(tx, columns, {
        ...questionValues(tx, place, body, tookSeconds),
        ...answerValues(tx, columns, answer),
      });
      const row = await returned(tx, columns, tx`insert into public.conversations (${names}) values (${values})`);
      return stored(row, await readMetrics(tx, session.key));
    }),
  );
}

/** Stores the question, before it is answered; returns the row's id. */
export function storeQuestion(place: Place, body: ChatBody): Promise<string> {
  const { sql, columns } = place;
  return again(async () => {
    const { names, values } = listFor(sql, columns, questionValues(sql, place, body, 0));
    const row = await returned(sql, columns, sql`insert into public.conversations (${names}) values (${values})`);
    return row?.id ?? "";
  });
}

/** Completes the row of a question with its answer, or with the part that there is of it. */
export function storeAnswer({ sql, columns, session }: Place, id: string, answer: Answer): Promise<StoredExchange> {
  return again(() =>
    sql.begin(async (tx) => {
      const row = await returned(
        tx,
        columns,
        tx`update public.conversations set ${assignmentsFor(tx, columns, answerValues(tx, columns, answer))}
          where id = ${id}`,
      );
      return stored(row ?? { id, created_at: null, responded_at: null }, await readMetrics(tx, session.key));
    }),
  );
}

function questionValues(
  sql: Queryable,
  { columns, session }: Place,
  body: ChatBody,
  secondsAgo: number,
): Record<string, Value> {
  return {
    organization_id: session.organization,
    session_id: body.session_id,
    widget_id: body.widget_id ?? null,
    user_id: body.user_id ?? null,
    message: body.message,
    // By the database's clock alone, so that the time between question and answer is right.
    created_at: timeFor(sql, columns, "created_at", secondsAgo),
  };
}

function answerValues(sql: Queryable, columns: Columns, { text, model, usage }: Answer): Record<string, Value> {
  return {
    response: text,
    model: model === "" ? null : model.slice(0, 200),
    prompt_tokens: usage.prompt,
    completion_tokens: usage.completion,
    responded_at: timeFor(sql, columns, "responded_at"),
  };
}

async function returned(
  sql: Queryable,
  columns: Columns,
  statement: postgres.PendingQuery<postgres.Row[]>,
): Promise<Row | undefined> {
  const time = (name: string) => {
    if (!columns.has(name)) return sql`null::timestamptz as ${sql(name)}`;
    return columns.get(name) === "timestamp without time zone"
      ? sql`${sql(name)} at time zone 'UTC' as ${sql(name)}`
      : sql`${sql(name)}`;
  };
  const [row] = await sql<[Row?]>`
    ${statement} returning id::text, ${time("created_at")}, ${time("responded_at")}`;
  return row;
}

function stored(row: Row | undefined, metrics: SessionMetrics | null): StoredExchange {
  return {
    id: row?.id ?? "",
    created_at: row?.created_at?.toISOString() ?? null,
    responded_at: row?.responded_at?.toISOString() ?? null,
    metrics,
  };
}
