import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { z } from "zod";
import type { Random } from "./generators/prng.ts";

const file = new URL("../../../shared/data/sgd-dev-dialogues.ndjson.gz", import.meta.url);

/** Why the tests on real dialogues do not run, or undefined where they do. */
export const missingDialogues: string | undefined = existsSync(file)
  ? undefined
  : `the dialogues are not on this machine (${file.pathname})`;

const dialogueSchema = z.object({
  dialogue_id: z.string(),
  turns: z.array(z.object({ role: z.enum(["user", "assistant"]), text: z.string() })),
});

/** A turn of a dialogue, with the microsecond (since 1970) at which it was said. */
export type Turn = { role: "user" | "assistant"; text: string; at: number };
export type Dialogue = { id: string; organization: number | null; turns: Turn[] };

/** The 2,098 dialogues, each with an organization, a start and a gap before each turn. */
export const readDialogues = (r: Random): Dialogue[] =>
  gunzipSync(readFileSync(file))
    .toString("utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const { dialogue_id: id, turns } = dialogueSchema.parse(JSON.parse(line));
      let at = Date.UTC(2025, 0, 1) * 1000 + r.below(90 * 24 * 60 * 60) * 1_000_000;
      return {
        id,
        organization: r.pick([1, 2, 3, null]),
        turns: turns.map((turn) => {
          at += 1 + r.below(60_000_000);
          return { ...turn, at };
        }),
      };
    });

/** A row of conversations, as an application would write it. */
export type Row = {
  organization_id: number | null;
  session_id: string;
  role: string | null;
  message: string | null;
  response: string | null;
  created_at: string;
  responded_at: string | null;
};

// Exact to the microsecond, which a Date is not.
const toTime = (at: number) =>
  `${new Date(Math.floor(at / 1000)).toISOString().slice(0, -1)}${String(at % 1000).padStart(3, "0")}Z`;

/** One row a message, with its role. */
export const asMessages = ({ id, organization, turns }: Dialogue): Row[] =>
  turns.map(({ role, text, at }) => ({
    organization_id: organization,
    session_id: id,
    role,
    message: text,
    response: null,
    created_at: toTime(at),
    responded_at: null,
  }));

/** A user's turn and the assistant's turn after it make one row; a turn without its other half is a row by itself. */
export const asExchanges = ({ id, organization, turns }: Dialogue): Row[] =>
  turns.flatMap((turn, n) => {
    const before = turns[n - 1];
    const after = turns[n + 1];
    if (turn.role === "assistant" && before?.role === "user") return [];
    const answer = turn.role === "user" && after?.role === "assistant" ? after : undefined;
    return {
      organization_id: organization,
      session_id: id,
      role: turn.role === "user" ? null : "assistant",
      message: turn.text,
      response: answer?.text ?? null,
      created_at: toTime(turn.at),
      responded_at: answer ? toTime(answer.at) : null,
    };
  });

const tokens = (turns: Turn[]) => turns.reduce((sum, { text }) => sum + Math.ceil([...text].length / 4), 0);

/** What a session's metrics must say, counted from its turns. */
export const count = ({ id, organization, turns }: Dialogue) => {
  const of = (role: Turn["role"]) => turns.filter((turn) => turn.role === role && turn.text !== "");
  const answers = turns.flatMap((turn, n) => {
    const after = turns[n + 1];
    return turn.role === "user" && after?.role === "assistant" ? [after.at - turn.at] : [];
  });
  const first = turns[0]?.at ?? 0;
  const last = turns.at(-1)?.at ?? 0;
  return {
    organization_id: organization === null ? null : String(organization),
    session_id: id,
    user_messages: of("user").length,
    ai_messages: of("assistant").length,
    total_messages: of("user").length + of("assistant").length,
    prompt_tokens: tokens(of("user")),
    completion_tokens: tokens(of("assistant")),
    conversation_duration: (last - first) / 1e6,
    response_count: answers.length,
    response_us_sum: answers.reduce((sum, us) => sum + us, 0),
  };
};
