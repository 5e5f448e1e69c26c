import { connect, type Sql } from "../src/database.ts";
import { migrate } from "../src/migrate.ts";
import { readBenchSql } from "./read-sql.ts";
import type { BenchServer } from "./server.ts";

/** A database that every variant gets an equal copy of. */
export type Template = { name: string; prepare: (sql: Sql) => Promise<unknown> };

/** A copy for one measurement. */
export type Clone = { sql: Sql; url: string };

/** Makes copies of templates and drops them. */
export type Databases = {
  withClone: <T>(
    template: Template,
    engine: "with the engine" | "without triggers",
    use: (clone: Clone) => Promise<T>,
  ) => Promise<T>;
  dropAll: () => Promise<void>;
};

const PREFIX = "cm_bench_";

/** Templates are made when first asked for, and kept until `dropAll`. */
export function createDatabases(server: BenchServer, progress: (text: string) => void): Databases {
  const { admin } = server;
  const made = new Map<string, Promise<void>>();
  let clones = 0;

  const make = async (template: Template, name: string) => {
    progress(`preparing the database "${template.name}"`);
    await admin`drop database if exists ${admin(name)} with (force)`;
    await admin`create database ${admin(name)} template template0`;
    await migrate({ databaseUrl: server.urlOf(name) });
    const sql = connect(server.urlOf(name), { max: 1 });
    try {
      await template.prepare(sql);
      // Hint bits and statistics belong to the state, not to the first who comes.
      await sql`vacuum (freeze, analyze)`;
    } finally {
      await sql.end();
    }
  };

  return {
    withClone: async (template, engine, use) => {
      const source = `${PREFIX}${template.name}`;
      if (!made.has(source)) made.set(source, make(template, source));
      await made.get(source);
      clones += 1;
      const name = `${PREFIX}clone_${clones}`;
      await admin`drop database if exists ${admin(name)} with (force)`;
      // Copies the files after a checkpoint, so that each measurement begins with clean buffers.
      await admin`create database ${admin(name)} template ${admin(source)} strategy file_copy`;
      const sql = connect(server.urlOf(name), { max: 2 });
      try {
        if (engine === "without triggers") await sql.unsafe(readBenchSql("data/drop-triggers.sql"));
        return await use({ sql, url: server.urlOf(name) });
      } finally {
        await sql.end({ timeout: 5 });
        await admin`drop database ${admin(name)} with (force)`;
      }
    },
    dropAll: async () => {
      for (const name of made.keys()) await admin`drop database if exists ${admin(name)} with (force)`;
    },
  };
}

/** Fails where the metrics are not those of the source rows: what is fast and wrong is no measure. */
export async function expectExact(sql: Sql, what: string, schema = "public"): Promise<void> {
  const drift = await sql`select * from ${sql(`${schema}.conversation_metrics_drift`)} limit 5`;
  if (drift.length > 0) throw new Error(`${what} left metrics that are wrong: ${JSON.stringify(drift)}`);
}
