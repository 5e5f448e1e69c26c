import type { Sql } from "../../src/database.ts";

/** The tables, ours and the application's, with a row that holds a text, in whatever column. */
export async function tracesOf(db: Sql, text: string): Promise<string[]> {
  const tables = await db<{ name: string }[]>`
    select oid::regclass::text as name from pg_class
    where relkind in ('r', 'm') and relnamespace::regnamespace::text !~ '^(pg_|information_schema)' order by 1`;
  const found: string[] = [];
  for (const { name } of tables) {
    const [row] = await db.unsafe<[{ hit: boolean }]>(
      `select exists (select from ${name} as r where strpos(lower(r::text), lower($1)) > 0) as hit`,
      [text],
    );
    if (row.hit) found.push(name);
  }
  return found;
}
