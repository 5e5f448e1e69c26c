import { describe, expect } from "vitest";
import type { Sql } from "../src/database.ts";
import { copyTextOut } from "./support/copy.ts";
import { migrated } from "./support/migrated.ts";
import { expectNoDrift } from "./support/oracle.ts";
import { as, test as base } from "./support/roles.ts";
import { reportNames, rowsOf, writeTenants } from "./support/tenants.ts";

// A session of its own, whose notices are kept.
const test = base.extend("attacker", ({ connect }) => {
  const heard: string[] = [];
  return { sql: connect({ max: 1, onNotice: (message) => heard.push(message) }), heard };
});

const organizations = (sql: Sql) =>
  rowsOf(sql, "select distinct organization_id as o from conversation_metrics").then((rows) => rows.join());

const ONE = '{"o": 1}';

const RELATIONS = [
  ...["conversation_metrics", "all_conversation_metrics", "report_sessions(report_filter())"],
  ...["metrics_support.conversation_metrics", "metrics.own_scopes", "metrics.rollups", "metrics.rollup_changes"],
  ...["(select session_key, conversation_id, model from metrics.readable_messages)"],
  ...[
    "(select session_key, model from metrics_support.readable_messages)",
    "(select lead_id, email from metrics.leads)",
  ],
];

describe("a reader of one organization", () => {
  test("sees no other by a setting, nor by another's role", async ({ db, makeRole, attacker: { sql } }) => {
    await writeTenants(db);
    const [own, other] = [await makeRole(), await makeRole()];
    await db`select metrics.grant_reader(${own}, '{1}'), metrics.grant_reader(${other}, '{2}')`;
    const [login] = await db<[{ u: string }]>`select current_user as u`;
    await sql.unsafe(`set session authorization ${own}`);

    await sql`select set_config('conversation_metrics.organization', '2', false),
      set_config('conversation_metrics.no_organization', 'on', false)`;
    const seen = await organizations(sql);

    expect(seen).toBe(ONE);
    for (const role of [other, login.u]) {
      await expect(sql.unsafe(`set role ${role}`)).rejects.toMatchObject({ code: "42501" });
    }
    await expect(sql`set row_security = off`.then(() => organizations(sql))).rejects.toMatchObject({ code: "42501" });
  });

  test("sees no other by functions that planner or executor could call first", async ({ db, makeRole, attacker }) => {
    await writeTenants(db);
    const [own, other] = [await makeRole(), await makeRole()];
    await db`select metrics.grant_reader(${own}, '{1}', reads => 'texts'), metrics.grant_reader(${other}, '{2}'),
      metrics.grant_reader(${other}, '{2}', source => 'support')`;
    await attacker.sql.unsafe(`
      create function pg_temp.tell(seen anyelement) returns boolean language plpgsql cost 0.0000001 as
        $$ begin raise notice 'seen %', seen; return true; end $$;
      create function pg_temp.same(a text, b text) returns boolean language plpgsql cost 0.0000001 as
        $$ begin raise notice 'seen %', a; return a = b; end $$;
      create operator pg_temp.=== (leftarg = text, rightarg = text, function = pg_temp.same, restrict = eqsel);
      set session authorization ${own}`);

    for (const relation of RELATIONS) {
      await attacker.sql.unsafe(`select from ${relation} as r where pg_temp.tell(r::text)`);
      await attacker.sql.unsafe(
        `select from ${relation} as r where r::text operator(pg_temp.===) 'x' order by random()`,
      );
      await attacker.sql.unsafe(
        `select from ${relation} as r join (values (1)) as v (n) on pg_temp.tell(r::text || v.n)`,
      );
    }
    await attacker.sql.unsafe("select from metrics.readable_messages as r where pg_temp.tell(r.message)");
    await attacker.sql.unsafe("select from metrics.own_scopes as r where pg_temp.tell(r.source)");

    expect(attacker.heard.length).toBeGreaterThan(100);
    expect(
      attacker.heard.filter((line) => /(text|words|Lead|lead) of (two|none)|(model|engine)-of-[02]|two@/.test(line)),
    ).toEqual([]);
    expect(attacker.heard.filter((line) => line.startsWith("seen (,2,") || line === "seen support")).toEqual([]);
  });

  test("sees no other in the rollups, nor in what changed of them", async ({ db, makeRole }) => {
    await writeTenants(db);
    const role = await makeRole();
    await db`select metrics.grant_reader(${role}, '{1}')`;

    for (const table of ["rollups", "rollup_changes"]) {
      const query = `select distinct organization_id as o from metrics.${table}`;
      expect(await rowsOf(db, query), table).toHaveLength(3);
      expect(await as(db, role, (tx) => rowsOf(tx, query)), table).toEqual(['{"o": "1"}']);
    }
  });

  test("sees no other by COPY, by samples, or by a view over the table", async ({
    db,
    url,
    makeRole,
    attacker: { sql },
  }) => {
    await writeTenants(db);
    const [own, other] = [await makeRole(), await makeRole()];
    await db`select metrics.grant_reader(${own}, '{1}'), metrics.grant_reader(${other}, '{2}')`;
    const sessions = await db`select from conversation_metrics where organization_id = 1`;
    await db.unsafe(`create schema ${own} authorization ${own}`);
    await sql.unsafe(`set session authorization ${own};
      create view ${own}.mine as select organization_id from public.conversation_metrics;
      grant usage on schema ${own} to ${other}; grant select on ${own}.mine to ${other}`);

    const copied = await copyTextOut(
      `${url}?options=-c%20role%3D${own}`,
      "public.conversation_metrics (organization_id)",
    );
    const sampled = await rowsOf(
      sql,
      "select distinct organization_id as o from conversation_metrics tablesample system (100)",
    );
    const shared = await as(db, other, (tx) => rowsOf(tx, `select distinct organization_id as o from ${own}.mine`));

    expect(copied).toEqual(Array(sessions.length).fill("1\n"));
    expect(sampled).toEqual([ONE]);
    expect(shared).toEqual(['{"o": 2}']);
  });

  test("sees no other by errors that depend on a row", async ({ db, makeRole, attacker: { sql } }) => {
    await writeTenants(db);
    const role = await makeRole();
    await db`select metrics.grant_reader(${role}, '{1}')`;
    await sql.unsafe(`set role ${role}`);
    const failing = (column: string, value: string) => `1 / (case ${column} when '${value}' then 0 else 1 end) = 1`;

    await sql.unsafe(`select from conversation_metrics where ${failing("lead_email", "two@mail.example")}`);
    await sql.unsafe(`select from metrics.leads where ${failing("email", "two@mail.example")}`);
    await sql.unsafe(`select from metrics.readable_messages where ${failing("model", "model-of-2")}`);
    const own = sql.unsafe(`select from metrics.readable_messages where ${failing("model", "model-of-1")}`);

    await expect(own).rejects.toMatchObject({ code: "22012" });
  });

  test("learns no value of others from the statistics", async ({ db, makeRole, attacker: { sql } }) => {
    await writeTenants(db);
    await db.unsafe("analyze");
    const role = await makeRole();
    await db`select metrics.grant_reader(${role}, '{1}')`;
    await sql.unsafe(`set role ${role}`);

    const seen = await sql`
      select tablename from pg_stats
      where schemaname in ('metrics', 'metrics_support') or tablename = 'conversation_metrics'`;

    expect(
      seen.filter(({ tablename }) => !/^(attachments|model_prices|rollup_state|rollup_resets)$/.test(tablename)),
    ).toEqual([]);
    await expect(sql`select from pg_statistic`).rejects.toMatchObject({ code: "42501" });
  });

  test("gets the same from every report with objects of its own before ours", async ({
    db,
    makeRole,
    attacker: { sql },
  }) => {
    await writeTenants(db);
    const role = await makeRole();
    await db`select metrics.grant_reader(${role}, '{1}')`;
    await db.unsafe(`create schema ${role} authorization ${role}`);
    await sql.unsafe(`set session authorization ${role}`);
    const reports = await reportNames(db);
    const read = async () => {
      const found: string[][] = [];
      for (const name of reports) found.push(await rowsOf(sql, `select * from public.${name}(public.report_filter())`));
      return found;
    };
    const before = await read();

    await sql.unsafe(`
      create temp table own_scopes as select null::text as source, '2'::text as organization_id, true as is_none, true as is_all;
      create temp table readers (role regrole, source text, scope text, organization_id text, reads text);
      insert into readers values ('${role}', null, 'all', null, 'reports');
      create temp table conversation_metrics (session_key uuid);
      create temp view all_conversation_metrics as select 1 as nothing;
      create function ${role}.pg_has_role(oid, text) returns boolean language sql return true;
      create function ${role}.yes(text, text) returns boolean language sql return true;
      create operator ${role}.= (leftarg = text, rightarg = text, function = ${role}.yes);
      set search_path = pg_temp, ${role}, public, pg_catalog`);

    expect(await read()).toEqual(before);
    expect(await rowsOf(sql, "select distinct organization_id as o from public.conversation_metrics")).toEqual([ONE]);
  });
});

describe("what a session prepared", () => {
  test("is planned anew for another role: statements, reports, and what ran as the owner", async ({
    db,
    makeRole,
    attacker: { sql },
  }) => {
    await writeTenants(db);
    const [one, two] = [await makeRole(), await makeRole()];
    await db`select metrics.grant_reader(${one}, '{1}'), metrics.grant_reader(${two}, '{2}')`;
    const statements = [
      "prepare sessions as select distinct organization_id as o from conversation_metrics",
      "prepare report as select conversations from report_summary()",
      "set plan_cache_mode = force_generic_plan",
    ];
    for (const statement of statements) await sql.unsafe(statement);
    const executed = async (role: string) => {
      await sql.unsafe(`set role ${role}`);
      const found = await sql.unsafe("execute sessions");
      const [report] = await sql.unsafe("execute report");
      return {
        organizations: found
          .map(({ o }) => o)
          .toSorted()
          .join(),
        conversations: report?.conversations,
      };
    };
    const count = async (where: string) =>
      (await db.unsafe(`select count(*) as n from conversation_metrics where ${where}`))[0]?.n;

    const [all, ofOne, ofTwo, again] = [
      await executed("none"),
      await executed(one),
      await executed(two),
      await executed(one),
    ];

    expect(all).toEqual({ organizations: "1,2,", conversations: await count("true") });
    expect(ofOne).toEqual({ organizations: "1", conversations: await count("organization_id = 1") });
    expect(ofTwo).toEqual({ organizations: "2", conversations: await count("organization_id = 2") });
    expect(again).toEqual(ofOne);
  });

  test("goes on for the organization that a cursor began with", async ({ db, makeRole, attacker: { sql } }) => {
    await writeTenants(db);
    const role = await makeRole();
    await db`select metrics.grant_reader(${role}, by_setting => true)`;

    const fetched = await sql.begin(async (tx) => {
      await tx.unsafe(`set local role ${role}; set local conversation_metrics.organization = '1'`);
      await tx.unsafe("declare lines cursor for select organization_id as o from conversation_metrics");
      const first = await tx.unsafe("fetch 1 from lines");
      await tx.unsafe("set local conversation_metrics.organization = '2'");
      return [...first, ...(await tx.unsafe("fetch all from lines"))];
    });

    expect(new Set(fetched.map(({ o }) => o))).toEqual(new Set(["1"]));
  });
});

describe("a reader by setting", () => {
  test("sees the organization that the transaction names, and nothing without one", async ({
    db,
    makeRole,
    attacker: { sql },
  }) => {
    await writeTenants(db);
    const role = await makeRole();
    await db`select metrics.grant_reader(${role}, by_setting => true)`;
    const named = async (...settings: string[]) => {
      const [found = ""] = await as(sql, role, async (tx) => {
        for (const setting of settings) await tx.unsafe(`set local ${setting}`);
        return [(await rowsOf(tx, "select distinct organization_id as o from all_conversation_metrics")).join()];
      });
      return found;
    };

    expect(await named("conversation_metrics.organization = '1'")).toBe('{"o": "1"}');
    expect(await named("conversation_metrics.organization = '2'")).toBe('{"o": "2"}');
    expect(await named("conversation_metrics.no_organization = on")).toBe('{"o": null}');
    expect(await named()).toBe("");
    expect(await named("conversation_metrics.organization = ''", "conversation_metrics.no_organization = ''")).toBe("");
    expect(await named("conversation_metrics.organization = '1,2'")).toBe("");
    expect(await named("conversation_metrics.organization = '*'")).toBe("");
  });

  test("sees no organization of an empty name where the setting was taken back", async ({
    bareDb,
    bareUrl,
    makeRole,
  }) => {
    const db = await migrated(
      { bareDb, bareUrl },
      "create table conversations (id bigint primary key, organization_id text, session_id text, message text, created_at timestamptz)",
    );
    const role = await makeRole();
    try {
      await db`insert into conversations values (1, '', 's', 'hi', now()), (2, 'a', 's', 'hi', now())`;
      await db`select metrics.grant_reader(${role}, by_setting => true)`;
      const reserved = await db.reserve();
      await reserved.unsafe(`begin; set local conversation_metrics.organization = 'a'; commit; set role ${role}`);

      const left = await reserved`select current_setting('conversation_metrics.organization') as is`;
      const rows = await reserved`select from conversation_metrics`;
      await reserved.unsafe("reset role");
      reserved.release();

      expect(left).toEqual([{ is: "" }]);
      expect(rows).toHaveLength(0);
    } finally {
      await db.unsafe(`drop owned by ${role}`);
    }
  });

  test("is asked once for a statement, whatever it reads", async ({ db, makeRole }) => {
    await writeTenants(db);
    const role = await makeRole();
    await db`select metrics.grant_reader(${role}, by_setting => true, reads => 'texts')`;
    const plans = await as(db, role, async (tx) => {
      await tx`set local conversation_metrics.organization = '1'`;
      const found: string[] = [];
      for (const relation of ["conversation_metrics", "metrics.messages", "metrics.readable_messages"]) {
        const lines = await tx.unsafe(
          `explain (analyze, costs off, timing off) select count(session_key) from ${relation}`,
        );
        found.push(...lines.map((line) => String(line["QUERY PLAN"])));
      }
      return found;
    });

    const asked = plans.filter((line) => /Scan on readers/.test(line));

    expect(asked.length).toBeGreaterThan(5);
    expect(asked.filter((line) => !/loops=1\)|never executed/.test(line))).toEqual([]);
  });
});

test("the reports run with the rights of whoever calls them", async ({ db }) => {
  const definers = await db`
    select p.oid::regprocedure from metrics.report_functions() as r join pg_proc as p on p.oid = r.oid where p.prosecdef`;
  const [view] = await db`select reloptions from pg_class where oid = 'all_conversation_metrics'::regclass`;

  expect([...definers]).toEqual([]);
  expect(view?.reloptions).toEqual(["security_invoker=true"]);
  await expectNoDrift(db);
});
