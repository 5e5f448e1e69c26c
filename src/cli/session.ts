import { setTimeout as sleep } from "node:timers/promises";
import { connect, type Sql } from "../database.ts";
import { UserError } from "../errors.ts";
import { createOutput, type Output } from "./output.ts";
import { UNUSABLE } from "./report-error.ts";
import { openServer } from "./server.ts";
import { type CliSettings, commandLine, type ParsedCommand, readSettings } from "./settings.ts";

// Longer than it takes postgres.js to give up one connection.
const PATIENCE_MS = 12_000;

/** What a command works with. */
export type Session = {
  sql: Sql;
  url: string;
  embedded: boolean;
  settings: CliSettings;
  out: Output;
};

/** What a command needs of the database. */
export type SessionOptions = {
  /** The embedded server may be a new one. */
  create?: boolean;
  /** Refuse a database that was never migrated; true unless told. */
  migrated?: boolean;
  /** How many connections at once; 2 unless told. */
  connections?: number;
};

/** Runs `work` with the database, and closes all that was opened for it, whatever happens. */
export async function withDatabase(
  command: ParsedCommand,
  work: (session: Session) => Promise<void>,
  options: SessionOptions = {},
): Promise<void> {
  const settings = readSettings(command);
  const out = createOutput(settings.quiet);
  const server = await openServer(settings, options.create ?? false, out.note);
  try {
    const sql = connect(server.url, {
      max: options.connections ?? 2,
      onNotice: (message) => out.note(`notice: ${message}`),
    });
    try {
      await requireAnswer(sql, server.url);
      if (options.migrated ?? true) await requireMigrated(sql, settings);
      await work({ sql, url: server.url, embedded: server.embedded, settings, out });
    } finally {
      await sql.end({ timeout: 5 });
    }
  } finally {
    await server.close();
  }
}

// What is there but is no PostgreSQL closes each connection at once, and postgres.js opens the next one for ever.
async function requireAnswer(sql: Sql, url: string): Promise<void> {
  const given = new AbortController();
  const silence = sleep(PATIENCE_MS, undefined, { signal: given.signal }).then(() => {
    const { host } = new URL(url);
    throw new UserError(`What listens on ${host} does not answer as PostgreSQL does.`, {
      hint: "Check host and port in DATABASE_URL (or --database-url).",
      exitCode: UNUSABLE,
    });
  });
  try {
    await Promise.race([sql`select 1`, silence]);
  } finally {
    given.abort();
    silence.catch(() => {});
  }
}

/** Whether conversation-metrics is installed in this database, with all that its source named default has, if it has one. */
export async function isMigrated(sql: Sql): Promise<boolean> {
  const [has] = await sql<[{ sources: boolean; metrics: boolean }]>`
    select to_regclass('metrics.attachments') is not null as sources,
      to_regclass('public.conversation_metrics') is not null as metrics`;
  if (!has.sources || has.metrics) return has.sources;
  const [row] = await sql<[{ found: boolean }]>`
    select not exists (select from metrics.attachments where name = 'default') as found`;
  return row.found;
}

async function requireMigrated(sql: Sql, settings: CliSettings): Promise<void> {
  if (await isMigrated(sql)) return;
  const [row] = await sql<[{ name: string }]>`select current_database() as name`;
  throw new UserError(`The database ${row.name} has no conversation metrics yet.`, {
    hint: `Install them: ${commandLine(settings, "migrate")}`,
    exitCode: 2,
  });
}
