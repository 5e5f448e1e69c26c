import { readdirSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, parse } from "node:path";
import { expect } from "vitest";
import type { Sql } from "../src/database.ts";
import { UserError } from "../src/errors.ts";
import { migrate, migrationStatus } from "../src/migrate.ts";
import { MIGRATION_FILE } from "../src/migration-runner.ts";
import { migrationsDir } from "../src/paths.ts";
import { test as base } from "./support/database.ts";
import { expectNoDrift, metricsOf } from "./support/oracle.ts";

/** Writes migrations whose `up` has the given body into a new folder, and gives the folder. */
const test = base.extend("migrations", async ({}, { onCleanup }) => {
  const parent = await mkdtemp(join(tmpdir(), "conversation-metrics-migrations-"));
  onCleanup(() => rm(parent, { recursive: true, force: true }));
  return async (bodies: Record<string, string>) => {
    const dir = await mkdtemp(join(parent, "dir-"));
    for (const [name, body] of Object.entries(bodies)) {
      await writeFile(join(dir, `${name}.js`), `export function up(pgm) { ${body} }`);
    }
    return dir;
  };
});

const objects = (sql: Sql) => sql`
  select nspname || '.' || relname as name from pg_class join pg_namespace n on n.oid = relnamespace
  where nspname !~ '^pg_|^information_schema' union all select nspname from pg_namespace
  where nspname !~ '^pg_|^information_schema' order by name`;

const ALL = readdirSync(migrationsDir)
  .filter((file) => MIGRATION_FILE.test(file))
  .map((file) => parse(file).name)
  .toSorted();

test("migrating twice changes nothing the second time", async ({ url, db }) => {
  const before = await objects(db);

  const done = await migrate({ databaseUrl: url });

  expect(done).toEqual([]);
  expect(await objects(db)).toEqual(before);
});

test("of several that migrate at once, one does the work and the others wait for it", async ({ bareUrl }) => {
  const all = await Promise.all([1, 2, 3].map(() => migrate({ databaseUrl: bareUrl })));

  const { applied, pending } = await migrationStatus({ databaseUrl: bareUrl });
  expect(pending).toEqual([]);
  expect(all.toSorted((a, b) => b.length - a.length)).toEqual([applied.map(({ name }) => name), [], []]);
});

test("the status of an empty database names what is to come and creates nothing", async ({ bareUrl, bareDb }) => {
  const status = await migrationStatus({ databaseUrl: bareUrl });

  expect(status.applied).toEqual([]);
  expect(status.pending.at(0)).toMatch(/^0001_/);
  expect(await objects(bareDb)).toEqual([{ name: "public" }]);
});

test("a failing migration takes back all that the run has done", async ({ bareUrl, bareDb, migrations }) => {
  const dir = await migrations({
    "0001_good": "pgm.sql('create table made ()')",
    "0002_bad": "pgm.sql('select 1;\\nselect nothing from made')",
  });

  await expect(migrate({ databaseUrl: bareUrl, dir })).rejects.toThrow(
    /column "nothing" does not exist\nselect 1;\nselect nothing from made;\n +\^/,
  );
  expect(await objects(bareDb)).toEqual([{ name: "public" }]);
});

test("a failing migration leaves an older graphile-worker alone", async ({ bareUrl, bareDb, migrations }) => {
  await migrate({ databaseUrl: bareUrl, dir: await migrations({ "0001_none": "" }) });
  const before = await objects(bareDb);

  const dir = await migrations({ "0001_none": "", "0002_bad": "pgm.sql('select nothing')" });
  await expect(migrate({ databaseUrl: bareUrl, dir })).rejects.toThrow("nothing");

  expect(await objects(bareDb)).toEqual(before);
});

test.for([
  ["the schema public", "drop schema public cascade; create schema public"],
  ["a source", "drop table conversations cascade"],
  [
    "the metrics",
    "drop trigger _500_metrics_default_messages_insert on conversations; drop table conversation_metrics cascade",
  ],
] as const)("migrating after a DROP of %s makes all anew and counts", async ([, drop], { url, db }) => {
  await db.unsafe(drop);
  await db`create table if not exists conversations (id bigint primary key, session_id text, message text, created_at timestamptz default now())`;
  await db`insert into conversations (id, session_id, message) values (1, 's', 'hi')`;
  const before = await db`select check_name, ok, cure from metrics.doctor()`;

  const { applied, pending } = await migrationStatus({ databaseUrl: url });
  expect(await migrate({ databaseUrl: url })).toEqual(ALL);

  expect({ applied, pending }).toEqual({ applied: [], pending: ALL });
  expect([...before]).toEqual([{ check_name: "installation", ok: false, cure: expect.stringContaining("migrate") }]);
  await db`insert into conversations (id, session_id, message) values (2, 's', 'hi')`;
  expect(await metricsOf(db)).toMatchObject([{ session_id: "s", message_rows: 2 }]);
  await expectNoDrift(db);
});

test("what plpgsql warns of, where it is made an error, is not there", async ({ bareUrl, bareDb }) => {
  await bareDb.unsafe(`alter database ${bareDb.options.database} set plpgsql.extra_errors = 'all'`);

  expect(await migrate({ databaseUrl: bareUrl })).toEqual(ALL);
});

test("a refusal that carries a HINT reaches the person with it", async ({ bareUrl, migrations }) => {
  const raise = "do $$ begin raise exception 'There is a table in the way.' using hint = 'Rename it.'; end $$";
  const dir = await migrations({ "0001_refuse": `pgm.sql(${JSON.stringify(raise)})` });

  const refusal = migrate({ databaseUrl: bareUrl, dir });

  await expect(refusal).rejects.toBeInstanceOf(UserError);
  await expect(refusal).rejects.toMatchObject({ message: "There is a table in the way.", hint: "Rename it." });
});

for (const replaceExisting of [true, false]) {
  test(`migrations can see replaceExisting: ${replaceExisting}`, async ({ bareUrl, bareDb, migrations }) => {
    const seen = "create table seen as select current_setting('conversation_metrics.replace_existing') as value";
    const dir = await migrations({ "0001_see": `pgm.sql(${JSON.stringify(seen)})` });

    await migrate({ databaseUrl: bareUrl, dir, replaceExisting });

    expect(await bareDb`table seen`).toEqual([{ value: replaceExisting ? "on" : "off" }]);
  });
}

test("a server that does not answer is named with what to do", async () => {
  const databaseUrl = "postgres://nobody:secret@127.0.0.1:1/nothing";

  await expect(migrate({ databaseUrl })).rejects.toMatchObject({
    message: expect.stringContaining("127.0.0.1:1"),
    hint: expect.stringContaining("DATABASE_URL"),
  });
});

test("a role that may not make schemas is told so, and nothing is made", async ({ bareUrl, bareDb }) => {
  const role = `cm_test_${Date.now().toString(36)}`;
  await bareDb`create role ${bareDb(role)} login password 'secret'`;
  const databaseUrl = Object.assign(new URL(bareUrl), { username: role, password: "secret" }).href;

  const migration = migrate({ databaseUrl });

  await expect(migration).rejects.toMatchObject({
    message: expect.stringContaining("permission denied for database"),
    hint: expect.stringContaining("role"),
  });
  expect(await objects(bareDb)).toEqual([{ name: "public" }]);
  await bareDb`drop role ${bareDb(role)}`;
});
