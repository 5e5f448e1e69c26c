import { describe, expect } from "vitest";
import type { Sql } from "../src/database.ts";
import { copyTextIn, copyTextOut } from "./support/copy.ts";
import { migrated } from "./support/migrated.ts";
import { expectNoDrift } from "./support/oracle.ts";
import { populate } from "./support/population.ts";
import { as, test } from "./support/roles.ts";
import { ATTACH, rowsOf, SUPPORT } from "./support/tenants.ts";

const seen = (db: Sql, role: string) =>
  as(db, role, async (tx) =>
    (await rowsOf(tx, "select distinct source, organization_id as o from all_conversation_metrics")).join(),
  );

describe("a source that is attached later", () => {
  test("is read by the readers that there are, and keeps their organizations apart", async ({ db, makeRole }) => {
    await populate(db);
    const [each, one, other, revoked] = [await makeRole(), await makeRole(), await makeRole(), await makeRole()];
    await db`select metrics.grant_reader(${each}, '{1}'), metrics.grant_reader(${one}, '{1}', source => 'default'),
      metrics.grant_reader(${other}, no_organization => true), metrics.grant_reader(${revoked}, '{1}')`;
    await db.unsafe(`revoke select on all_conversation_metrics from ${revoked}`);

    await db.unsafe(SUPPORT);
    await db.unsafe(ATTACH);

    expect(await seen(db, each)).toBe('{"o": "1", "source": "default"},{"o": "1", "source": "support"}');
    expect(await seen(db, one)).toBe('{"o": "1", "source": "default"}');
    expect(await seen(db, other)).toBe('{"o": null, "source": "default"},{"o": null, "source": "support"}');
    await expect(as(db, revoked, (tx) => tx`select from metrics_support.conversation_metrics`)).rejects.toThrow(
      "permission denied",
    );
  });

  test("is read still when it is attached again, with ids of another type too", async ({ db, makeRole }) => {
    await db.unsafe(SUPPORT);
    await db.unsafe(ATTACH);
    const role = await makeRole();
    await db`select metrics.grant_reader(${role}, '{1}', source => 'support')`;

    await db.unsafe(ATTACH);
    expect(await seen(db, role)).toBe('{"o": "1", "source": "support"}');
    await db.unsafe(`create unique index on chat.lines ((id::text || '-x'));
      create view chat.messages_2 as select id::text || '-x' as conversation_id, room as session_id, tenant as organization_id,
      words as message, answer as response, "at" as created_at from chat.lines`);
    await db.unsafe(`select metrics.attach('support', 'chat.messages_2',
      keys => '{"messages": {"table": "chat.lines", "key": "source.id::text || ''-x''"}}')`);

    expect(await seen(db, role)).toBe('{"o": "1", "source": "support"}');
  });

  test("leaves nothing to whoever comes by its name after it is detached", async ({ db, makeRole }) => {
    await db.unsafe(SUPPORT);
    await db.unsafe(ATTACH);
    const role = await makeRole();
    await db`select metrics.grant_reader(${role}, '{1}', source => 'support')`;

    await db`select metrics.detach('support')`;
    await db.unsafe(ATTACH);

    expect(await db`select from metrics.readers`).toHaveLength(0);
    await expect(seen(db, role)).rejects.toThrow("permission denied");
  });
});

test("a source named default that is attached later is read by the readers that there are", async ({
  bareDb,
  bareUrl,
  makeRole,
}) => {
  const db = await migrated({ bareDb, bareUrl }, SUPPORT, { adopt: false });
  const role = await makeRole();
  try {
    await db`select metrics.grant_reader(${role}, '{1}')`;
    await db.unsafe(ATTACH.replace("support", "default"));

    expect(await seen(db, role)).toBe('{"o": "1", "source": "default"}');
    await db.unsafe(ATTACH.replace("support", "default"));
    expect(await seen(db, role)).toBe('{"o": "1", "source": "default"}');
    expect(await as(db, role, (tx) => tx`select conversations::int as n from report_summary()`)).toEqual([{ n: 1 }]);
  } finally {
    await db.unsafe(`drop owned by ${role}`);
  }
});

describe("a reader of one source", () => {
  test("has the rights of all organizations, or of texts, there and in no other", async ({ db, makeRole }) => {
    await populate(db);
    await db.unsafe(SUPPORT);
    await db.unsafe(ATTACH);
    const [all, texts] = [await makeRole(), await makeRole()];
    const rights = async (role: string) => [
      ...(await db`
        select schema, has_column_privilege(${role}, schema || '.source_messages', 'model', 'select') as every_model,
          has_column_privilege(${role}, schema || '.readable_messages', 'message', 'select') as texts,
          has_table_privilege(${role}, schema || '.leads', 'select') as leads
        from unnest(array['metrics', 'metrics_support']) as schema`),
    ];

    await db`select metrics.grant_reader(${all}, '{1}'), metrics.grant_reader(${all}, all_organizations => true, source => 'support'),
      metrics.grant_reader(${texts}, '{1}'), metrics.grant_reader(${texts}, '{1}', source => 'support', reads => 'texts')`;

    expect(await rights(all)).toEqual([
      { schema: "metrics", every_model: false, texts: false, leads: false },
      { schema: "metrics_support", every_model: true, texts: false, leads: false },
    ]);
    expect(await rights(texts)).toEqual([
      { schema: "metrics", every_model: false, texts: false, leads: false },
      { schema: "metrics_support", every_model: false, texts: true, leads: true },
    ]);
  });
});

describe("a reader that is granted again", () => {
  const canRead = async (db: Sql, role: string) => [
    ...(await db`select has_table_privilege(${role}, 'metrics.leads', 'select') as texts,
      has_function_privilege(${role}, 'report_summary(report_filter)', 'execute') as reports`),
  ];

  test("has more, never less, and its entry says all that it has", async ({ db, makeRole }) => {
    await populate(db);
    const role = await makeRole();
    const grant = (reads: string) => db`select metrics.grant_reader(${role}, '{1}', reads => ${reads})`;
    const entries = async () => (await db`select reads from metrics.readers`).map(({ reads }) => reads);

    const found = [];
    for (const reads of ["rows", "reports", "rows", "texts", "reports", "rows"]) {
      await grant(reads);
      found.push([...(await entries()), ...(await canRead(db, role))]);
    }

    const [rows, reports, texts] = [
      ["rows", { texts: false, reports: false }],
      ["reports", { texts: false, reports: true }],
      ["texts", { texts: true, reports: true }],
    ];
    expect(found).toEqual([rows, reports, reports, texts, texts, texts]);
    await db.unsafe(SUPPORT);
    await db.unsafe(ATTACH);
    expect([...(await db`select has_table_privilege(${role}, 'metrics_support.leads', 'select') as texts`)]).toEqual([
      { texts: true },
    ]);
  });

  test("keeps no right on anything when all is taken away", async ({ db, makeRole }) => {
    await populate(db);
    await db.unsafe(SUPPORT);
    await db.unsafe(ATTACH);
    const role = await makeRole();
    const rights = async () => [
      ...(await db`select classid::regclass::text as of, objid::text from pg_shdepend
        where refobjid = ${role}::text::regrole and dbid = (select oid from pg_database where datname = current_database())`),
    ];
    await db`select metrics.grant_reader(${role}, '{1}', reads => 'texts'),
      metrics.grant_reader(${role}, all_organizations => true, source => 'support')`;
    await db.unsafe(`grant select on conversation_metrics_drift to ${role}`);
    expect(await rights()).not.toEqual([]);

    await db`select metrics.revoke_reader(${role})`;

    expect(await rights()).toEqual([]);
  });
});

describe("a role that is dropped", () => {
  test("leaves nothing to another one of its name, and its entry goes with the next grant", async ({
    db,
    makeRole,
  }) => {
    await populate(db);
    const [gone, next] = [await makeRole(), await makeRole()];
    await db`select metrics.grant_reader(${gone}, '{1}')`;
    await db.unsafe(`drop owned by ${gone}; drop role ${gone}; create role ${gone}`);
    await db.unsafe(`grant select on conversation_metrics to ${gone}`);

    expect(await as(db, gone, (tx) => tx`select from conversation_metrics`)).toHaveLength(0);
    expect(await db`select from metrics.readers`).toHaveLength(1);
    await db`select metrics.grant_reader(${next}, '{1}')`;
    expect([...(await db`select role::text from metrics.readers`)]).toEqual([{ role: next }]);
  });
});

describe("a dump", () => {
  test("holds the readers by the names of their roles", async ({ db, url, makeRole }) => {
    const role = await makeRole();
    await db`select metrics.grant_reader(${role}, '{1}')`;

    const lines = await copyTextOut(url, "metrics.readers");
    await db`truncate metrics.readers`;
    await copyTextIn(url, "metrics.readers", lines, "", "");

    expect(lines.join("")).toContain(role);
    expect([...(await db`select role::text, organization_id from metrics.readers`)]).toEqual([
      { role, organization_id: "1" },
    ]);
  });
});

describe("uninstall", () => {
  test("takes readers and policies along, and leaves the roles", async ({ db, makeRole }) => {
    await populate(db);
    await db.unsafe(SUPPORT);
    await db.unsafe(ATTACH);
    const role = await makeRole();
    await db`select metrics.grant_reader(${role}, '{1}', reads => 'texts')`;

    await db`select metrics.uninstall()`;

    expect(await db`select from pg_policy`).toHaveLength(0);
    expect(await db`select from pg_roles where rolname = ${role}`).toHaveLength(1);
    expect(await db`select from pg_shdepend where refobjid = ${role}::text::regrole`).toHaveLength(0);
  });
});

describe("what writes", () => {
  test("is bound by no policy: whoever writes, also a reader, is counted in full", async ({ db, makeRole }) => {
    await populate(db);
    const role = await makeRole();
    await db`select metrics.grant_reader(${role}, '{1}')`;
    await db.unsafe(`grant select, insert, update, delete on conversations, leads, feedback to ${role}`);

    await as(db, role, async (tx) => {
      await tx`insert into conversations (organization_id, session_id, message) values (1, 'a', 'hi'), (2, 'a', 'hi')`;
      await tx`insert into conversations (organization_id, session_id, message) values (2, 'new', 'hi')`;
      await tx`update conversations set session_id = 'b', organization_id = 2 where id % 2 = 0`;
      await tx`delete from leads where id % 2 = 0`;
      await tx`update feedback set rating = 1`;
      return true;
    });

    await expectNoDrift(db);
  });
});

describe("metrics.secure_table", () => {
  test("keeps organizations apart in a table of later, by a column or by the session", async ({ db, makeRole }) => {
    await populate(db);
    const role = await makeRole();
    await db`select metrics.grant_reader(${role}, '{1}')`;
    await db.unsafe(`
      create table metrics.days as select organization_id, conversation_start::date as day from conversation_metrics;
      create table metrics.marks as select session_key from conversation_metrics;
      select metrics.secure_table('metrics.days', 'organization_id'), metrics.secure_table('metrics.marks');
      select metrics.secure_table('metrics.days', 'organization_id');
      grant select on metrics.days, metrics.marks to ${role}`);
    const sessions = await db`select from conversation_metrics where organization_id = 1`;

    const read = await as(db, role, async (tx) => ({
      days: await tx`select organization_id as o from metrics.days`,
      marks: await tx`select from metrics.marks`,
    }));

    expect(new Set(read.days.map(({ o }) => o))).toEqual(new Set(["1"]));
    expect(read.days).toHaveLength(sessions.length);
    expect(read.marks).toHaveLength(sessions.length);
    await expect(db`select metrics.secure_table('public.conversations_pkey')`).rejects.toThrow();
  });
});
