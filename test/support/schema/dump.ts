import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Sql } from "../../../src/database.ts";
import { packageRoot } from "../../../src/paths.ts";

/** The major version of PostgreSQL that the committed dump is of: others write the same definitions otherwise. */
export const SCHEMA_MAJOR = 18;

/** The committed dump. */
export const schemaFile = join(packageRoot, "docs", "schema.sql");

const dumpSql = readFileSync(new URL("./dump.sql", import.meta.url), "utf8");

const HEADER = `-- The schema of a freshly migrated database, as PostgreSQL ${SCHEMA_MAJOR} tells it: to be read, not to be run.
-- Written by "npm run schema"; do not edit. The sources, with their reasons, are in sql/.`;

const TITLES = [
  "Schema",
  "Types",
  "Tables",
  "The application's tables, as made where there are none",
  "Views",
  "Functions",
  "Triggers",
  "Row-level security",
  "Rights of others than the owner: these and no more",
];

type Statement = { section: number; name: string; text: string };

/** Everything that is ours in a database, as text: the same schema gives the same text. */
export async function dumpSchema(sql: Sql): Promise<string> {
  const statements = await sql.begin(async (tx) => {
    await tx`set local search_path = pg_catalog`; // Names come with their schema.
    return tx.unsafe<Statement[]>(dumpSql);
  });
  const sections = TITLES.map((title, n) =>
    section(
      title,
      statements.filter((row) => row.section === n + 1),
    ),
  );
  return `${[HEADER, ...sections].join("\n\n\n")}\n`;
}

function section(title: string, statements: Statement[]): string {
  const objects = Map.groupBy(statements, (row) => row.name);
  const texts = [...objects.values()].map((rows) => rows.map((row) => row.text.trim()).join("\n"));
  return [`-- ${title}`, ...texts].join("\n\n");
}

/** The server's major version. */
export async function serverMajor(sql: Sql): Promise<number> {
  const [row] = await sql<[{ major: number }]>`select current_setting('server_version_num')::int / 10000 as major`;
  return row.major;
}
