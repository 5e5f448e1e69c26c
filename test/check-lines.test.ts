import { randomBytes } from "node:crypto";
import { describe, expect } from "vitest";
import type { Sql } from "../src/database.ts";
import { UserError } from "../src/errors.ts";
import { migrate } from "../src/migrate.ts";
import { test } from "./support/database.ts";
import { migrated } from "./support/migrated.ts";
import { driftOf, expectNoDrift, metricsOf } from "./support/oracle.ts";
import { populate } from "./support/population.ts";

// Each of these holds one line of the checks (named in brackets) that no other test does.

const rest = "session_id text, message text, created_at timestamptz";

describe("a table is refused", () => {
  // [check_source: indpred, indexprs, indisvalid]
  test.for([
    [
      "whose unique index leaves rows out",
      `create table conversations (id bigint, ${rest}); create unique index on conversations (id) where id > 0`,
    ],
    [
      "whose unique index is not valid",
      `create table conversations (id bigint, ${rest}); create unique index one on conversations (id);
       update pg_index set indisvalid = false where indexrelid = 'one'::regclass`,
    ],
    [
      "whose id is unique only with another column",
      `create table conversations (id bigint, ${rest}, primary key (id, session_id))`,
    ],
  ] as const)("%s", async ([, tables], { bareDb, bareUrl }) => {
    await bareDb.unsafe(tables);

    const error: unknown = await migrate({ databaseUrl: bareUrl }).catch((reason: unknown) => reason);

    expect(error).toBeInstanceOf(UserError);
    expect(error).toMatchObject({ message: expect.stringMatching(/conversations.*\bid\b/) });
  });
});

// [mapped_column: date]
test("a date is taken as its midnight in UTC, in any writer's time zone", async ({ bareDb, bareUrl }) => {
  const db = await migrated(
    { bareDb, bareUrl },
    "create table conversations (id bigint primary key, session_id text, message text, created_at date)",
  );

  await db.unsafe("set local timezone = 'Asia/Tokyo'; insert into conversations values (1, 's', 'hi', '2025-03-01')");

  const [row] =
    await db`select extract(epoch from conversation_start)::bigint::text as start from conversation_metrics`;
  expect(row?.start).toBe(String(Date.UTC(2025, 2, 1) / 1000));
  await expectNoDrift(db);
});

// [close_privileges: functions]
test("no function of ours may be executed by everyone", async ({ db }) => {
  const [open] = await db`
    select array_agg(p.oid::regprocedure::text order by 1) as functions
    from pg_proc as p
    cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as acl
    where (p.pronamespace = 'metrics'::regnamespace or p.proname = 'sync_conversation_metrics') and acl.grantee = 0`;

  expect(open?.functions).toBeNull();
});

describe("doctor", () => {
  const findings = async (db: Sql) =>
    (await db<{ check_name: string }[]>`select check_name from metrics.doctor() where not ok`).map(
      (row) => row.check_name,
    );

  // [doctor: 'R']
  test("names a trigger that fires only on a replica", async ({ db }) => {
    await db`alter table conversations enable replica trigger _500_metrics_default_messages_insert`;

    expect(await findings(db)).toEqual(["triggers"]);
  });

  // [sample_drift: its three parts]
  test.for([
    ["metrics that differ from the ledger", "update conversation_metrics set user_messages = user_messages + 1"],
    ["a ledger that differs from its rows", "update conversations set session_id = 'elsewhere' where id = 30"],
    [
      "a row that is not in the ledger",
      "insert into conversations (id, session_id, message) values (77, 'unseen', 'hi')",
    ],
  ] as const)("finds %s", async ([, statement], { db }) => {
    await populate(db);
    await db.unsafe(`set local session_replication_role = replica; ${statement}`);

    expect(await findings(db)).toEqual(["drift in a sample"]);
  });

  // [doctor: c.relowner <> ours.relowner]
  test("names a table whose row-level security hides rows from the owner of the metrics", async ({ db, server }) => {
    const owner = `cm_test_role_${randomBytes(6).toString("hex")}`;
    await db.unsafe(`create role ${owner}; grant create on schema public to ${owner};
      alter table conversation_metrics owner to ${owner}; alter table conversations enable row level security`);

    const found = await findings(db);
    await db.unsafe(`reassign owned by ${owner} to current_user; drop owned by ${owner}`);
    await server.unsafe(`drop role ${owner}`);

    expect(found).toContain("row-level security");
  });
});

// [repair: counted_session_key]
test("repairs of one session at a time heal a row that is counted in another one", async ({ db }) => {
  await populate(db);
  await db`update metrics.messages set session_key = (select min(session_key::text)::uuid from conversation_metrics) where conversation_id in (8, 9)`;

  for (let n = 0; n < 9; n += 1) await db`select metrics.repair(1)`;

  expect([...(await driftOf(db))]).toEqual([]);
  await expectNoDrift(db);
});

// [message_drift: an empty entry]
test("feedback on a row that is not there is no drift", async ({ bareDb, bareUrl }) => {
  const db = await migrated(
    { bareDb, bareUrl },
    "create table feedback (id bigint primary key, conversation_id bigint, rating integer)",
  );

  await db`insert into feedback values (1, 404, 5)`;

  expect([...(await db`select * from conversation_metrics_drift`)]).toEqual([]);
  expect(await metricsOf(db)).toEqual([]);
});

// [sync_conversation_metrics: leads and feedback that the ledger does not know]
test("sync_conversation_metrics brings in a session's unseen leads and ratings", async ({ db }) => {
  await db`insert into conversations (organization_id, session_id, message) values (1, 's', 'hi')`;
  await db.unsafe(`set local session_replication_role = replica;
    insert into leads (organization_id, session_id, name) values (1, 's', 'Ann');
    insert into feedback (organization_id, session_id, rating) values (1, 's', 4)`);

  await db`select sync_conversation_metrics(null, 1, 's')`;

  expect(await metricsOf(db)).toMatchObject([{ lead_name: "Ann", rating_count: 1 }]);
  await expectNoDrift(db);
});
