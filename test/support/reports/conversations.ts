import type { Sql } from "../../../src/database.ts";
import type { Random } from "../generators/prng.ts";
import { rollUp } from "../rollups.ts";

/** One exchange as it is written: times in milliseconds. */
export type Exchange = {
  message: string;
  response: string | null;
  model: string | null;
  promptTokens: number | null;
  completionTokens: number | null;
  createdAt: number;
  respondedAt: number | null;
};

/** A conversation as the tests make it: what the application writes, and nothing that our code computed. */
export type Conversation = {
  organization: number | null;
  session: string;
  widget: number | null;
  user: number | null;
  exchanges: Exchange[];
  leads: { email: string | null }[];
  ratings: number[];
};

const DAY = 86_400_000;

/** Stretches around the days on which clocks change somewhere: in spring and in autumn, north and south. */
export const STRETCHES = [Date.UTC(2025, 2, 27), Date.UTC(2025, 9, 22)] as const;
export const STRETCH_DAYS = 14;

const MODELS = ["gpt-4o", "openai/GPT-4o-mini", "gpt-4.1", "ft:gpt-4o:acme", "house-1"] as const;

/** Random conversations with everything that a report tells apart. */
export function makeConversations(random: Random, count: number): Conversation[] {
  return Array.from({ length: count }, (_, n) => {
    const start = startOf(random, n);
    return {
      organization: pickOrNull(random, [1, 1, 2]),
      session: `s${n}`,
      widget: pickOrNull(random, [10, 11, 12]),
      user: pickOrNull(random, [100, 101]),
      exchanges: Array.from({ length: 1 + random.below(4) }, (_unused, turn) =>
        exchange(random, start + turn * 61_000),
      ),
      leads: Array.from({ length: random.chance(0.3) ? 1 + random.below(2) : 0 }, () => ({
        email: pickOrNull(random, ["a@b.example", ""]),
      })),
      ratings: Array.from({ length: random.chance(0.5) ? 1 + random.below(3) : 0 }, () => 1 + random.below(5)),
    };
  });
}

// `random.pick` takes no NULL among its choices.
function pickOrNull<T>(random: Random, choices: readonly [T, ...T[]]): T | null {
  return random.chance(0.2) ? null : random.pick(choices);
}

// Every tenth starts on a quarter of an hour: days and hours begin there in some zone.
function startOf(random: Random, n: number): number {
  const within = random.below(STRETCH_DAYS * DAY);
  return random.pick(STRETCHES) + (n % 10 === 0 ? within - (within % 900_000) : within);
}

function exchange(random: Random, createdAt: number): Exchange {
  const isAnswered = random.chance(0.8);
  return {
    message: "q".repeat(1 + random.below(60)),
    response: isAnswered ? "a".repeat(1 + random.below(200)) : null,
    model: pickOrNull(random, MODELS),
    promptTokens: random.chance(0.4) ? random.below(2000) : null,
    completionTokens: isAnswered && random.chance(0.4) ? random.below(900) : null,
    createdAt,
    respondedAt: isAnswered && random.chance(0.9) ? createdAt + random.below(50_000) : null,
  };
}

/** Writes them as an application does. Most are rolled up before the last ones come, so that reports have of both. */
export async function writeConversations(db: Sql, conversations: Conversation[]): Promise<void> {
  const rolledUp = Math.floor(conversations.length * 0.9);
  await write(db, conversations.slice(0, rolledUp));
  await rollUp(db);
  await write(db, conversations.slice(rolledUp));
}

/** As {@link writeConversations}, with some of those that were rolled up in the archive: for what reads reports alone. */
export async function writeAndArchive(db: Sql, conversations: Conversation[]): Promise<void> {
  const archived = Math.floor(conversations.length * 0.7);
  await writeConversations(db, conversations.slice(0, archived));
  await db`insert into metrics.archive_rules (is_default, archive_after) values (true, '1 day')`;
  await db`select metrics.archive_sessions(1000)`;
  const [moved] = await db`select from conversation_metrics_archive limit 1`;
  if (moved === undefined) throw new Error("No session is in the archive: none has only tokens that were reported.");
  await writeConversations(db, conversations.slice(archived));
}

async function write(db: Sql, conversations: Conversation[]): Promise<void> {
  const rows = conversations.flatMap((conversation) =>
    conversation.exchanges.map((exchange) => ({ ...conversation, ...exchange })),
  );
  await db`
    insert into conversations (organization_id, session_id, widget_id, user_id, message, response, model, prompt_tokens,
      completion_tokens, created_at, responded_at)
    select organization, session, widget, "user", message, response, model, "promptTokens", "completionTokens",
      to_timestamp("createdAt" / 1000.0), to_timestamp("respondedAt" / 1000.0)
    from jsonb_to_recordset(${db.json(rows)}) as r (organization bigint, session text, widget bigint, "user" bigint,
      message text, response text, model text, "promptTokens" integer, "completionTokens" integer, "createdAt" numeric,
      "respondedAt" numeric)`;
  const leads = conversations.flatMap(({ organization, session, leads }) =>
    leads.map(({ email }) => ({ organization, session, email })),
  );
  await db`
    insert into leads (organization_id, session_id, name, email)
    select organization, session, 'Somebody', email
    from jsonb_to_recordset(${db.json(leads)}) as r (organization bigint, session text, email text)`;
  const ratings = conversations.flatMap(({ organization, session, ratings }) =>
    ratings.map((rating) => ({ organization, session, rating })),
  );
  await db`
    insert into feedback (organization_id, session_id, rating)
    select organization, session, rating
    from jsonb_to_recordset(${db.json(ratings)}) as r (organization bigint, session text, rating smallint)`;
}
