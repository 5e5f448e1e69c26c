import { readFileSync } from "node:fs";
import { describe, expect } from "vitest";
import { migrate } from "../src/migrate.ts";
import { test } from "./support/database.ts";
import { dumpSchema, SCHEMA_MAJOR, schemaFile, serverMajor } from "./support/schema/dump.ts";
import { hashesFile, hashMigrations, resolveMigrations, sqlFiles } from "./support/schema/migrations.ts";

describe("the schema", () => {
  test("is the one in docs/schema.sql", async ({ bareUrl, bareDb: db, skip }) => {
    await migrate({ databaseUrl: bareUrl });
    const major = await serverMajor(db);
    skip(major !== SCHEMA_MAJOR, `docs/schema.sql is a dump of PostgreSQL ${SCHEMA_MAJOR}, this server has ${major}`);

    const dump = await dumpSchema(db);

    expect(dump, 'The schema has changed. Run "npm run schema" and commit.').toBe(readFileSync(schemaFile, "utf8"));
  });

  test("stays the same when all of sql/functions, sql/views, sql/reports, sql/readers and sql/privacy is applied again", async ({
    bareUrl,
    bareDb: db,
  }) => {
    await migrate({ databaseUrl: bareUrl });
    const current = new Set(
      sqlFiles()
        .filter(({ path }) => /^(functions|views|reports|readers|privacy)/.test(path))
        .map(({ text }) => text),
    );
    const steps = (await resolveMigrations()).flatMap((migration) => migration.steps);
    const before = await dumpSchema(db);

    await db.begin(async (tx) => {
      await tx`set local client_min_messages = warning`;
      for (const step of steps) if (current.has(step)) await tx.unsafe(step);
      const engine = await tx`select body from metrics.engine_objects where path !~ '^tables/' order by position`;
      for (const { body } of engine) await tx.unsafe(body);
      await tx`select metrics.install()`;
    });

    expect(await dumpSchema(db)).toBe(before);
  });
});

describe("migrations", () => {
  test("install every file of sql/", async () => {
    const steps = (await resolveMigrations()).flatMap((migration) => migration.steps);

    const unused = sqlFiles().filter(({ text }) => !steps.some((step) => step.includes(text)));

    expect(unused.map(({ path }) => path)).toEqual([]);
  });

  test("that have landed send the SQL that they sent then", async () => {
    const hashes = hashMigrations(await resolveMigrations());

    const rule = `A migration's SQL has changed. Until its release run "npm run schema". After it, what was released stays: \
copy the old text to sql/frozen/<migration>/, name it there, and load the new one in a migration of its own.`;
    expect(hashes, rule).toEqual(JSON.parse(readFileSync(hashesFile, "utf8")));
  });
});
