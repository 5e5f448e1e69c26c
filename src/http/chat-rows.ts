import type { Answer } from "../chat/answerer.ts";
import { again } from "./again.ts";
import type { Database, Queryable } from "./database.ts";
import type { ChatBody, SessionMetrics } from "./schemas.ts";
import { readMetrics, type SessionRef } from "./session.ts";
import { assignmentsFor, type Columns, listFor, timeFor, type Value } from "./source-tables.ts";
import { type Fragment, identifier, sql } from "./sql.ts";

/** What is stored of an exchange, and the session's metrics in the same transaction. */
export type StoredExchange = {
  id: string;
  created_at: string | null;
  responded_at: string | null;
  metrics: SessionMetrics | null;
};

type Row = { id: string; created_at: Date | null; responded_at: Date | null };
type Place = { db: Database; columns: Columns; session: SessionRef };

/** Stores question and answer as one row. */
export function storeExchange(place: Place, body: ChatBody, answer: Answer, tookSeconds: number) {
  const { db, columns, session } = place;
  return again(() =>
    db.begin("read write", async (tx) => {
      const { names, values } = listFor(columns, {
        ...questionValues(place, body, tookSeconds),
        ...answerValues(columns, answer),
      });
      const row = await returned(tx, columns, sql`insert into public.conversations (${names}) values (${values})`);
      return stored(row, await readMetrics(tx, session.key));
    }),
  );
}

/** Stores the question, before it is answered; returns the row's id. */
export function storeQuestion(place: Place, body: ChatBody): Promise<string> {
  const { db, columns } = place;
  return again(() =>
    db.begin("read write", async (tx) => {
      const { names, values } = listFor(columns, questionValues(place, body, 0));
      const row = await returned(tx, columns, sql`insert into public.conversations (${names}) values (${values})`);
      return row?.id ?? "";
    }),
  );
}

/** Completes the row of a question with its answer, or with the part that there is of it. */
export function storeAnswer({ db, columns, session }: Place, id: string, answer: Answer): Promise<StoredExchange> {
  return again(() =>
    db.begin("read write", async (tx) => {
      const row = await returned(
        tx,
        columns,
        sql`update public.conversations set ${assignmentsFor(columns, answerValues(columns, answer))}
          where id = ${id}`,
      );
      return stored(row ?? { id, created_at: null, responded_at: null }, await readMetrics(tx, session.key));
    }),
  );
}

function questionValues({ columns, session }: Place, body: ChatBody, secondsAgo: number): Record<string, Value> {
  return {
    organization_id: session.organization,
    session_id: body.session_id,
    widget_id: body.widget_id ?? null,
    user_id: body.user_id ?? null,
    message: body.message,
    // By the database's clock alone, so that the time between question and answer is right.
    created_at: timeFor(columns, "created_at", secondsAgo),
  };
}

function answerValues(columns: Columns, { text, model, usage }: Answer): Record<string, Value> {
  return {
    response: text,
    model: model === "" ? null : model.slice(0, 200),
    prompt_tokens: usage.prompt,
    completion_tokens: usage.completion,
    responded_at: timeFor(columns, "responded_at"),
  };
}

async function returned(db: Queryable, columns: Columns, statement: Fragment): Promise<Row | undefined> {
  const time = (name: string) => {
    if (!columns.has(name)) return sql`null::timestamptz as ${identifier(name)}`;
    return columns.get(name) === "timestamp without time zone"
      ? sql`${identifier(name)} at time zone 'UTC' as ${identifier(name)}`
      : sql`${identifier(name)}`;
  };
  const [row] = await db.query<Row>(
    sql`${statement} returning id::text, ${time("created_at")}, ${time("responded_at")}`,
  );
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
