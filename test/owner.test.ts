import { randomBytes } from "node:crypto";
import { describe, expect } from "vitest";
import { connect, type Sql } from "../src/database.ts";
import { UserError } from "../src/errors.ts";
import { migrate } from "../src/migrate.ts";
import { test as base } from "./support/database.ts";
import { expectNoDrift, metricsOf } from "./support/oracle.ts";
import { populate } from "./support/population.ts";
import { sourceTables } from "./support/sources.ts";

// A managed server gives its user a database and no superuser.
const test = base.extend("owner", async ({ server, bareUrl }, { onCleanup }) => {
  const name = `cm_test_owner_${randomBytes(6).toString("hex")}`;
  const url = new URL(bareUrl);
  await server.unsafe(
    `create role ${name} login password '${name}'; alter database ${url.pathname.slice(1)} owner to ${name}`,
  );
  url.username = name;
  url.password = name;
  const sql = connect(url.href);
  onCleanup(async () => {
    await sql.end();
    await server.unsafe(`reassign owned by ${name} to current_user`);
    // what it owns in its database holds it until that is dropped
    await server.unsafe(`drop role ${name}`).catch(() => {});
  });
  return { name, url: url.href, sql };
});

const writeAll = async (sql: Sql) => {
  await populate(sql);
  await sql`update conversations set session_id = 'b' where id % 2 = 0`;
  await sql`delete from conversations where id % 3 = 0`;
  await sql`truncate leads`;
};

describe("an owner of the database who is no superuser", () => {
  test("may migrate, write and repair", async ({ owner }) => {
    await migrate({ databaseUrl: owner.url });

    await writeAll(owner.sql);
    await owner.sql`update conversation_metrics set user_messages = user_messages + 1`;
    await owner.sql`select * from metrics.repair()`;

    expect((await metricsOf(owner.sql)).length).toBeGreaterThan(0);
    await expectNoDrift(owner.sql);
  });

  test("may migrate a database that is full already", async ({ owner }) => {
    await owner.sql.unsafe(sourceTables);
    await populate(owner.sql);

    await migrate({ databaseUrl: owner.url });

    await expectNoDrift(owner.sql);
  });

  test("whose tables have row-level security counts every row of every writer", async ({ owner, bareDb }) => {
    await migrate({ databaseUrl: owner.url });
    const writer = `${owner.name}_writer`;
    await bareDb.unsafe(`create role ${writer}`);
    await owner.sql.unsafe(`
      grant select, insert, update, delete on conversations to ${writer};
      alter table conversations enable row level security;
      create policy own on conversations to ${writer} using (organization_id = 1) with check (organization_id = 1)`);
    await populate(owner.sql);

    await bareDb.begin(async (tx) => {
      await tx.unsafe(`set local role ${writer}`);
      await tx`insert into conversations (organization_id, session_id, message) values (1, 'a', 'hi')`;
      await tx`update conversations set session_id = 'b' where id % 2 = 0`;
      await tx`delete from conversations where id % 3 = 0`;
    });

    await expectNoDrift(owner.sql);
    await bareDb.unsafe(`drop owned by ${writer}; drop role ${writer}`);
  });

  test("may migrate where the tables are another's, with all rights on them", async ({ owner, bareDb }) => {
    await bareDb.unsafe(`${sourceTables}; grant all on conversations, leads, feedback to ${owner.name}`);

    await migrate({ databaseUrl: owner.url });
    await populate(bareDb);
    await bareDb`truncate leads`;
    await bareDb`delete from conversations where id % 3 = 0`;

    await expectNoDrift(bareDb);
  });

  test("is told what to do where it may not put triggers on the tables, and nothing is changed", async ({
    owner,
    bareDb,
  }) => {
    await bareDb.unsafe(`${sourceTables}; grant select on conversations, leads, feedback to ${owner.name}`);

    const error: unknown = await migrate({ databaseUrl: owner.url }).catch((reason: unknown) => reason);

    expect(error).toBeInstanceOf(UserError);
    expect(error).toMatchObject({
      message: expect.stringContaining("conversations"),
      hint: expect.stringMatching(/\w/),
    });
    expect([
      ...(await bareDb`select nspname from pg_namespace where nspname in ('metrics', 'graphile_worker')`),
    ]).toEqual([]);
  });
});
