import type { Sql } from "../database.ts";
import { listSources, type Source } from "../sources.ts";
import { isMigrated, type Session } from "./session.ts";
import { commandLine } from "./settings.ts";
import { chooseSources, howToAttach } from "./sources.ts";
import { tokenChecks } from "./token-checks.ts";

const OLDEST_SERVER = 150_000;

/** What one check of `doctor` found. */
export type Check = { check_name: string; ok: boolean; finding: string; cure: string | null };

/** The checks that need the client, then those that the database makes itself. */
export async function runChecks(session: Session, source?: string): Promise<Check[]> {
  const { sql } = session;
  const current = await migrations(session);
  const checks = [await connection(sql), await serverVersion(sql), current];
  if (!(await isMigrated(sql))) return checks;
  const sources = source === undefined ? await listSources(sql) : await chooseSources(session, source);
  if (sources.length === 0) checks.push(nothingAttached(session));
  const whole: Source[] = [];
  for (const one of sources) {
    const found = await sourceChecks(sql, one);
    checks.push(...found);
    if (!found.some(isGone)) whole.push(one);
  }
  if (current.ok)
    checks.push(...(await sql<Check[]>`select check_name, ok, finding, cure from metrics.reader_checks()`));
  // Of a source that lacks a part, nothing more can be asked.
  return whole.length === 0 ? checks : [...checks, ...(await tokenChecks(session, whole))];
}

async function sourceChecks(sql: Sql, { name, schema }: Source): Promise<Check[]> {
  const found = await sql<Check[]>`select check_name, ok, finding, cure from ${sql(`${schema}.doctor`)}()`;
  return name === "default" ? found : found.map((check) => ({ ...check, check_name: `${name}: ${check.check_name}` }));
}

// No failure: until something is attached there is nothing that could be wrong.
const nothingAttached = (session: Session): Check => ({
  ...{ check_name: "sources", ok: true, finding: "none: nothing is attached yet, so nothing is counted" },
  cure: howToAttach(session),
});

const isGone = ({ check_name, ok }: Check) => !ok && /(^|: )installation$/.test(check_name);

async function connection(sql: Sql): Promise<Check> {
  const [row] = await sql<[{ database: string; role: string }]>`
    select current_database() as database, current_user as role`;
  return { check_name: "connection", ok: true, finding: `database ${row.database} as ${row.role}`, cure: null };
}

async function serverVersion(sql: Sql): Promise<Check> {
  const [row] = await sql<[{ version: string; number: number }]>`
    select current_setting('server_version') as version, current_setting('server_version_num')::int as number`;
  const ok = row.number >= OLDEST_SERVER;
  const cure = ok ? null : "Update the server: PostgreSQL 15 is the oldest that works.";
  return { check_name: "server version", ok, finding: `PostgreSQL ${row.version}`, cure };
}

async function migrations({ url, settings }: Session): Promise<Check> {
  const { migrationStatus } = await import("../migrate.ts");
  const { applied, pending } = await migrationStatus({ databaseUrl: url });
  const ok = pending.length === 0;
  const finding = ok ? `all ${applied.length} have run` : `not run yet: ${pending.join(", ")}`;
  return { check_name: "migrations", ok, finding, cure: ok ? null : commandLine(settings, "migrate") };
}
