import type { z } from "zod";
import { again } from "./again.ts";
import type { Queryable } from "./database.ts";
import { Problem } from "./problem.ts";
import { defineRoute, noInput } from "./route.ts";
import { feedbackBody, storedAnswer } from "./schemas.ts";
import { readMetrics, type SessionRef, sessionRef } from "./session.ts";
import { assignmentsFor, type Columns, listFor, timeFor, type Value } from "./source-tables.ts";
import { sql } from "./sql.ts";

type Body = z.output<typeof feedbackBody>;

/** POST /api/feedback. */
export const feedbackRoute = defineRoute({
  method: "post",
  path: "/api/feedback",
  tag: "Write",
  summary: "Rate a message, 1 to 5",
  description: "A message has one rating: another one takes its place.",
  access: "widget",
  ...noInput,
  body: feedbackBody,
  responses: { 200: [{ description: "Stored.", type: "application/json", schema: storedAnswer }] },
  problems: [404, 501, 503],
  handle: async ({ db, tables }, { body, res }) => {
    const messages = await tables.columns("conversations");
    const columns = await tables.columns("feedback");
    if (!columns.has("conversation_id")) {
      throw new Problem(501, "no_column", "The table public.feedback has no column conversation_id.");
    }
    const session = await sessionRef(db, messages, body);
    const stored = await again(() =>
      db.begin("read write", async (tx) => {
        await lockMessage(tx, body, session);
        const id = await rate(tx, columns, body, session);
        return { id, metrics: await readMetrics(tx, session.key) };
      }),
    );
    res.set("cache-control", "no-store").json(stored);
  },
});

async function lockMessage(tx: Queryable, { conversation_id }: Body, session: SessionRef): Promise<void> {
  // Two ratings of one message at once come one after the other: the second finds the first.
  await tx.query(sql`select from public.conversations where id = ${conversation_id} for no key update`);
  const [row] = await tx.query<{ key: string }>(sql`
    select metrics.session_key(organization_id::text, session_id) as key
    from metrics.source_messages
    where conversation_id = ${conversation_id}`);
  // The id alone is no proof: it can be guessed, the session's cannot.
  if (row?.key !== session.key) throw new Problem(404, "no_message", "The session has no such message.");
}

async function rate(tx: Queryable, columns: Columns, body: Body, { organization }: SessionRef): Promise<string> {
  const rating: Record<string, Value> = {
    rating: body.rating,
    feedback_text: body.feedback_text ?? null,
    updated_at: timeFor(columns, "updated_at"),
  };
  const [changed] = await tx.query<{ id: string }>(sql`
    update public.feedback set ${assignmentsFor(columns, rating)}
    where conversation_id = ${body.conversation_id}
    returning id::text`);
  if (changed !== undefined) return changed.id;
  const { names, values } = listFor(columns, {
    conversation_id: body.conversation_id,
    session_id: body.session_id,
    organization_id: organization,
    created_at: timeFor(columns, "created_at"),
    ...rating,
  });
  const [row] = await tx.query<{ id: string }>(sql`
    insert into public.feedback (${names}) values (${values}) returning id::text`);
  return row?.id ?? "";
}
