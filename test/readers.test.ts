import { describe, expect } from "vitest";
import { expectNoDrift } from "./support/oracle.ts";
import { populate } from "./support/population.ts";
import { as, test } from "./support/roles.ts";
import { reportNames, rowsOf, writeTenants } from "./support/tenants.ts";

// What a role reads, the grant that says so, and the owner's filter for the same.
const SCOPES = [
  ["an organization", "organizations => '{1}'", "organization => '1'"],
  ["those without one", "no_organization => true", "no_organization => true"],
  ["all of them", "all_organizations => true", ""],
] as const;

const and = (...parts: string[]) => parts.filter((part) => part !== "").join(", ");

describe("a reader", () => {
  for (const [scope, grant, filter] of SCOPES) {
    test(`of ${scope} gets from every report what the owner gets for it`, async ({ db, makeRole }) => {
      await writeTenants(db);
      const role = await makeRole();
      await db.unsafe(`select metrics.grant_reader('${role}', ${grant})`);

      for (const source of ["source => 'default'", "source => 'support'"]) {
        for (const name of await reportNames(db)) {
          const meant = await rowsOf(db, `select * from ${name}(report_filter(${and(source, filter)}))`);
          const read = await as(db, role, (tx) => rowsOf(tx, `select * from ${name}(report_filter(${source}))`));
          expect(read, `${name}, ${source}`).toEqual(meant);
        }
      }
      const own = filter === "" ? "true" : filter.includes("no_") ? "organization_id is null" : "organization_id = '1'";
      const overview = `select * from all_conversation_metrics where ${own}`;
      const all = await as(db, role, (tx) => rowsOf(tx, "select * from all_conversation_metrics"));
      expect(all).toEqual(await rowsOf(db, overview));
      expect(all.length).toBeGreaterThan(2);
      await expectNoDrift(db);
    });
  }

  test("of an organization gets from every report, whatever its filter says, nothing of others", async ({
    db,
    makeRole,
  }) => {
    await writeTenants(db);
    const role = await makeRole();
    await db`select metrics.grant_reader(${role}, '{1}')`;

    for (const other of ["organization => '2'", "no_organization => true"]) {
      for (const source of ["default", "support"]) {
        for (const name of await reportNames(db)) {
          const nothing = await rowsOf(
            db,
            `select * from ${name}(report_filter(organization => 'x', source => '${source}'))`,
          );
          const read = await as(db, role, (tx) =>
            rowsOf(tx, `select * from ${name}(report_filter(${other}, source => '${source}'))`),
          );
          expect(read, `${name}, ${other}, ${source}`).toEqual(nothing);
        }
      }
    }
  });

  const READABLE = [
    "conversation_metrics",
    "all_conversation_metrics",
    "metrics_support.conversation_metrics",
    ...["metrics", "metrics_support"].map((schema) => `(select session_key from ${schema}.messages)`),
    ...["metrics", "metrics_support"].map((schema) => `(select session_key from ${schema}.feedback)`),
    ...["metrics", "metrics_support"].map((schema) => `(select session_key, email from ${schema}.leads)`),
    ...["metrics", "metrics_support"].map((schema) => `(select session_key, model from ${schema}.readable_messages)`),
  ];

  test.for(READABLE)("reads of %s no row of another organization", async (relation, { db, makeRole }) => {
    await writeTenants(db);
    const role = await makeRole();
    await db`select metrics.grant_reader(${role}, '{1}')`;
    const keys = await db<{ key: string }[]>`
      select session_key as key from all_conversation_metrics where organization_id is distinct from '1'`;
    const others = new Set(keys.map(({ key }) => key));

    const rows = await as(db, role, (tx) => tx.unsafe<{ session_key: string }[]>(`select * from ${relation} as r`));

    expect(rows.filter(({ session_key }) => others.has(session_key))).toEqual([]);
    expect(JSON.stringify(rows)).not.toMatch(/(model|engine)-of-[02]|two@/);
  });

  test("that may read several organizations reads these and no other; granted more, these as well", async ({
    db,
    makeRole,
  }) => {
    await writeTenants(db);
    const role = await makeRole();
    const organizations = () =>
      as(db, role, (tx) => rowsOf(tx, "select distinct organization_id as o from all_conversation_metrics"));

    await db`select metrics.grant_reader(${role}, '{1,no such}')`;
    expect(await organizations()).toEqual(['{"o": "1"}']);
    await db`select metrics.grant_reader(${role}, '{2}', source => 'support')`;
    expect(await organizations()).toEqual(['{"o": "1"}', '{"o": "2"}']);
    expect(await as(db, role, (tx) => tx`select from conversation_metrics where organization_id = 2`)).toHaveLength(0);
    await db`select metrics.grant_reader(${role}, no_organization => true)`;
    expect(await organizations()).toEqual(['{"o": "1"}', '{"o": "2"}', '{"o": null}']);
  });

  const CLOSED = [
    "select from conversations",
    "select message from metrics.readable_messages",
    "select prompt_digest from metrics.messages",
    "select name from metrics.leads",
    "select model from metrics.source_messages",
    "select from metrics.source_leads",
    "select from metrics.counted_messages",
    "select from metrics.sessions",
    "select from metrics.readers",
    "select from metrics.checks",
    "select from conversation_metrics_drift",
    "select * from metrics.repair()",
    "select sync_conversation_metrics(1)",
    "select metrics.sync('messages', array[1::bigint])",
    "select metrics.rebuild_sessions('{}')",
    "select metrics.grant_reader(current_user, all_organizations => true)",
    "select metrics.confine('2')",
    "select metrics.uninstall()",
    "insert into metrics.readers (role, scope, reads) values (current_user::regrole, 'all', 'reports')",
    "delete from metrics.own_scopes",
    "update conversation_metrics set organization_id = 1",
    "delete from conversation_metrics",
    "alter table conversation_metrics disable row level security",
    "drop policy readers on conversation_metrics",
    "create policy mine on conversation_metrics using (true)",
  ];

  test.for(CLOSED)("may not: %s", async (statement, { db, makeRole }) => {
    await populate(db);
    const role = await makeRole();
    await db`select metrics.grant_reader(${role}, '{1}')`;

    const attempt = as(db, role, (tx) => tx.unsafe(statement));

    await expect(attempt).rejects.toMatchObject({ code: "42501" });
    await expectNoDrift(db);
  });

  test("without an entry sees nothing, whatever it was granted by hand", async ({ db, makeRole }) => {
    await writeTenants(db);
    const role = await makeRole();
    await db.unsafe(`grant select on conversation_metrics to ${role}`);

    expect(await as(db, role, (tx) => tx`select from conversation_metrics`)).toHaveLength(0);
  });

  test("of rows alone has the rights that it was granted by hand, and no others", async ({ db, makeRole }) => {
    await writeTenants(db);
    const role = await makeRole();
    await db`select metrics.grant_reader(${role}, '{1}', reads => 'rows')`;
    await db.unsafe(`grant select (session_id, total_tokens, organization_id) on conversation_metrics to ${role}`);

    const seen = await as(db, role, (tx) => rowsOf(tx, "select distinct organization_id from conversation_metrics"));
    const refused = as(db, role, (tx) => tx`select lead_email from conversation_metrics`);

    expect(seen).toEqual(['{"organization_id": 1}']);
    await expect(refused).rejects.toThrow("permission denied");
  });

  test("of texts reads the messages and leads of its organization, and no others", async ({ db, makeRole }) => {
    await writeTenants(db);
    const role = await makeRole();
    await db`select metrics.grant_reader(${role}, '{1}', reads => 'texts')`;
    const read = (query: string) => as(db, role, (tx) => rowsOf(tx, query));

    expect(await read("select message from metrics.readable_messages where message like 'text of %'")).toEqual([
      '{"message": "text of one"}',
    ]);
    expect(await read("select name from metrics.leads where name like 'Lead of %'")).toEqual([
      '{"name": "Lead of one"}',
    ]);
    expect(await read("select message from metrics_support.readable_messages")).toEqual([
      '{"message": "words of one"}',
    ]);
  });
});

describe("what is granted", () => {
  test("is taken away again, all of it", async ({ db, makeRole }) => {
    await writeTenants(db);
    const role = await makeRole();
    await db`select metrics.grant_reader(${role}, '{1}', reads => 'texts')`;
    await db`select metrics.grant_reader(${role}, all_organizations => true)`;

    await db`select metrics.revoke_reader(${role})`;

    const left = await db`
      select classid::regclass, objid from pg_shdepend where refobjid = ${role}::text::regrole and dbid = (
        select oid from pg_database where datname = current_database())`;
    expect([...left]).toEqual([]);
    expect(await db`select from metrics.readers`).toHaveLength(0);
  });

  const REFUSED = [
    ["'no such role', '{1}'", "there is no role named"],
    ["current_user, '{1}'", "is not bound by row-level security"],
    ["'ROLE'", "it is not said what"],
    ["'ROLE', '{}'", "it is not said what"],
    ["'ROLE', '{1}', source => 'nowhere'", "there is no source named"],
    ["'ROLE', '{1}', reads => 'all'", "reads cannot be"],
  ] as const;

  test.for(REFUSED)("is refused with a hint: %s", async ([given, message], { db, makeRole }) => {
    const role = await makeRole();

    const attempt = db.unsafe(`select metrics.grant_reader(${given.replace("ROLE", role)})`);

    await expect(attempt).rejects.toMatchObject({ message: expect.stringContaining(message), hint: expect.anything() });
    expect(await db`select from metrics.readers`).toHaveLength(0);
  });

  test("is refused to a role that policies do not bind, or that can take the owner's rights", async ({
    db,
    makeRole,
  }) => {
    const bypassing = await makeRole("bypassrls");
    const member = await makeRole();
    await db.unsafe(`grant ${(await db`select current_user as u`)[0]?.u} to ${member}`);

    for (const role of [bypassing, member]) {
      await expect(db`select metrics.grant_reader(${role}, '{1}')`).rejects.toThrow("not bound by row-level security");
    }
  });
});
