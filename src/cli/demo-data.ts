import type { Sql } from "../database.ts";
import { areCounted, foreignTables, readColumns } from "../demo/tables.ts";
import { writeDemo } from "../demo/write.ts";
import { UserError } from "../errors.ts";
import { startProgress } from "./progress.ts";
import { UNUSABLE } from "./report-error.ts";
import type { Session } from "./session.ts";
import { commandLine } from "./settings.ts";

/** How many sessions a demo has unless told. */
export const DEMO_SESSIONS = 2000;

/** What a demo is made of. */
export type DemoOptions = {
  sessions: number;
  seed?: number | undefined;
  until?: Date | undefined;
  /** Also into tables that were an application's own. */
  force?: true | undefined;
  json?: true | undefined;
};

/** Writes a demo, with a bar while it lasts. Throws a UserError where it would write among somebody's own rows. */
export async function fillDemo(
  { sql, out, settings }: Pick<Session, "sql" | "out" | "settings">,
  options: DemoOptions,
): Promise<{ seed: number; seconds: number }> {
  await requireTables(sql);
  if (!options.force) await refuseForeignTables(sql);
  const seed = options.seed ?? (await unusedSeed(sql));
  await refuseUsedSeed({ sql, settings }, seed);
  const before = performance.now();
  const { sessions } = options;
  const quiet = out.quiet || options.json === true;
  const progress = startProgress({ label: "demo", unit: "sessions", total: sessions, quiet });
  try {
    await writeDemo(sql, { sessions, seed, until: options.until ?? new Date() }, progress.update);
  } finally {
    progress.stop();
  }
  return { seed, seconds: (performance.now() - before) / 1000 };
}

/** Whether a demo is there already. */
export async function hasDemo(sql: Sql): Promise<boolean> {
  const found = await sql`
    select from public.conversation_metrics where starts_with(session_id::text, 'demo-') limit 1`;
  return found.count > 0;
}

/** Refuses a database without the tables that a demo writes into, whatever others are attached. */
export async function requireTables(sql: Sql): Promise<void> {
  if (await areCounted(sql)) return;
  throw new UserError("The demo writes into conversations, leads and feedback, which this database does not count.", {
    hint: "Use a database of its own: unset DATABASE_URL for the embedded one, or migrate another without --attach-only.",
    exitCode: UNUSABLE,
  });
}

/** Refuses tables that hold an application's own rows. */
export async function refuseForeignTables(sql: Sql): Promise<void> {
  const foreign = foreignTables(await readColumns(sql));
  if (foreign.length === 0) return;
  throw new UserError(`The demo would write into tables of an application: ${foreign.join(", ")}.`, {
    hint: "Use a database of its own (unset DATABASE_URL for the embedded one), or, if that is meant: demo --force",
    exitCode: UNUSABLE,
  });
}

async function unusedSeed(sql: Sql): Promise<number> {
  const [row] = await sql<[{ seed: number }]>`
    select coalesce(max(substring(session_id::text from '^demo-(\\d{1,9})-')::int), 0) + 1 as seed
    from public.conversation_metrics`;
  return row.seed;
}

async function refuseUsedSeed({ sql, settings }: Pick<Session, "sql" | "settings">, seed: number): Promise<void> {
  const found = await sql`
    select from public.conversation_metrics where starts_with(session_id::text, ${`demo-${seed}-`}) limit 1`;
  if (found.count === 0) return;
  throw new UserError(`The sessions of seed ${seed} are in this database already.`, {
    hint: `Take another seed, or let it choose: ${commandLine(settings, "demo")}`,
    exitCode: UNUSABLE,
  });
}
