import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { z } from "zod";
import type { Sql } from "../../src/database.ts";
import type { Template } from "../databases.ts";
import { ANSWER, QUESTION } from "../workloads/texts.ts";

const file = new URL("../../../shared/data/sgd-dev-dialogues.ndjson.gz", import.meta.url);
const dialogueSchema = z.object({ turns: z.array(z.object({ text: z.string() })) });

/** Where the texts come from, for the report. */
export const corpusName = existsSync(file)
  ? "turns of real service dialogues (Schema-Guided Dialogue, in English)"
  : "two sentences, again and again";

/** Texts of messages as people write them. */
export function readTexts(): string[] {
  if (!existsSync(file)) return [QUESTION, ANSWER];
  const lines = gunzipSync(readFileSync(file)).toString("utf8").trimEnd().split("\n");
  return lines.flatMap((line) => dialogueSchema.parse(JSON.parse(line)).turns.map((turn) => turn.text));
}

// A turn has some 12 tokens; what an AI answers usually has a few hundred.
const TURNS_OF_AN_ANSWER = 25;

/** Texts of the length of an AI's answer: every 25 turns that follow each other, with a space between them. */
export function readAnswers(): string[] {
  const turns = readTexts();
  const starts = Array.from({ length: Math.ceil(turns.length / TURNS_OF_AN_ANSWER) }, (_, n) => n * TURNS_OF_AN_ANSWER);
  return starts.map((start) => turns.slice(start, start + TURNS_OF_AN_ANSWER).join(" "));
}

/** How messages lie in rows: each in one of its own, or a user's message and its answer in one. */
export type Shape = "messages" | "exchanges";

/** A database with so many messages of these texts, all estimates yet: ten a session. */
export function estimated(name: string, texts: string[], messages: number, shape: Shape): Template {
  const insert = shape === "messages" ? insertMessages : insertExchanges;
  return { name: `estimated_${name}`, prepare: (sql) => insert(sql, texts, messages) };
}

async function insertMessages(sql: Sql, texts: string[], messages: number): Promise<void> {
  await sql`
    insert into conversations (organization_id, session_id, role, message, created_at)
    select 1, 's' || n / 10, case when n % 2 = 0 then 'user' else 'assistant' end,
      (${texts}::text[])[1 + n % ${texts.length}], now() - (${messages} - n) * interval '1 second'
    from generate_series(0, ${messages} - 1) as n`;
}

async function insertExchanges(sql: Sql, texts: string[], messages: number): Promise<void> {
  await sql`
    insert into conversations (organization_id, session_id, message, response, created_at, responded_at)
    select 1, 's' || n / 10, (${texts}::text[])[1 + n % ${texts.length}], (${texts}::text[])[1 + (n + 1) % ${texts.length}],
      now() - (${messages} - n) * interval '1 second', now() - (${messages} - n - 1) * interval '1 second'
    from generate_series(0, ${messages} - 2, 2) as n`;
}

/** Sessions whose tokens were all reported by the provider: nothing in them waits to be counted. */
export function reported(rows: number, sessions: number): Template {
  return {
    name: "reported",
    prepare: (sql) => sql`
      insert into conversations (
        organization_id, session_id, widget_id, user_id, message, response, prompt_tokens, completion_tokens,
        created_at, responded_at
      )
      select 1 + s % 50, 'session-' || lpad(s::text, 10, '0'), s % 10, s, ${QUESTION}, ${ANSWER}, 14, 52,
        now() - n * interval '1 second', now() - n * interval '1 second'
      from (select n, 1 + n % ${sessions} as s from generate_series(1, ${rows}::integer) as n) as numbered`,
  };
}
