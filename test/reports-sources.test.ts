import { randomBytes } from "node:crypto";
import { describe, expect } from "vitest";
import { test as base } from "./support/database.ts";
import { random } from "./support/generators/prng.ts";
import { expectNoDrift } from "./support/oracle.ts";
import { makeConversations, writeConversations } from "./support/reports/conversations.ts";
import { read } from "./support/reports/read.ts";

// Roles belong to the whole server: each test makes its own and takes it away again.
const test = base.extend("role", async ({ server }, { onCleanup }) => {
  const name = `cm_test_role_${randomBytes(6).toString("hex")}`;
  await server`create role ${server(name)}`;
  onCleanup(async () => {
    // 2BP01: the database of a failed test is kept, and what it grants holds the role.
    await server`drop role ${server(name)}`.catch(() => {});
  });
  return name;
});

const CHAT = `
  create schema chat;
  create table chat.lines (id uuid primary key default gen_random_uuid(), room text not null, tenant text, words text, answer text,
    engine text, "at" timestamptz not null, answered timestamptz);
  create table chat.people (id integer primary key, room text not null, tenant text, mail text, "at" timestamptz default now());
  create table chat.stars (id integer primary key, room text not null, tenant text, stars numeric);
  create view chat.messages as select id as conversation_id, room as session_id, tenant as organization_id, words as message,
    answer as response, engine as model, "at" as created_at, answered as responded_at from chat.lines;
  create view chat.leads as select id as lead_id, room as session_id, tenant as organization_id, mail as email, "at" as created_at
    from chat.people;
  create view chat.feedback as select id as feedback_id, room as session_id, tenant as organization_id, stars as rating
    from chat.stars;
  insert into chat.lines (room, tenant, words, answer, engine, "at", answered) values
    ('r1', 'acme', 'four char words', 'and so on', 'gpt-4o', '2025-05-01Z', '2025-05-01 00:00:02Z'),
    ('r1', 'acme', 'four', 'four', 'house-1', '2025-05-02Z', '2025-05-02 00:00:04Z'),
    ('r2', 'other', 'four', null, 'gpt-4o', '2025-05-03Z', null);
  insert into chat.people values (1, 'r1', 'acme', 'a@b.example');
  insert into chat.stars values (1, 'r1', 'acme', 4.5), (2, 'r2', 'other', 2);
  select metrics.attach('support', 'chat.messages', leads => 'chat.leads', feedback => 'chat.feedback');`;

const SUPPORT = "report_filter(source => 'support', organization => 'acme')";

describe("another source", () => {
  test("has every report, with ids and rows of its own", async ({ db }) => {
    await writeConversations(db, makeConversations(random(7), 30));
    await db.unsafe(CHAT);

    expect(
      await read(
        db,
        `select conversations, messages, total_tokens, leads, average_satisfaction from report_summary(${SUPPORT})`,
      ),
    ).toEqual([{ conversations: 1, messages: 4, total_tokens: 9, leads: 1, average_satisfaction: 4.5 }]);
    expect(
      await read(
        db,
        `select key, prompt_tokens, completion_tokens, cost::text, unpriced_tokens from report_tokens(${SUPPORT})`,
      ),
    ).toEqual([
      { key: "gpt-4o", prompt_tokens: 4, completion_tokens: 3, cost: "0.00004000", unpriced_tokens: 0 },
      { key: "house-1", prompt_tokens: 1, completion_tokens: 1, cost: null, unpriced_tokens: 2 },
    ]);
    expect(await read(db, `select leads, leads_with_email, cost_per_lead::text from report_leads(${SUPPORT})`)).toEqual(
      [{ leads: 1, leads_with_email: 1, cost_per_lead: "0.000040" }],
    );
    expect(
      await read(db, `select rating, ratings, conversations from report_satisfaction(${SUPPORT}) where ratings > 0`),
    ).toEqual([{ rating: 5, ratings: 1, conversations: 1 }]);
    expect(
      await read(db, `select count, average, p50 from report_response_times(${SUPPORT}) where measure = 'answer'`),
    ).toEqual([{ count: 2, average: 3, p50: 3 }]);
    expect(await read(db, `select session_id, source, total_messages from report_conversations(${SUPPORT})`)).toEqual([
      { session_id: "r1", source: "support", total_messages: 4 },
    ]);
    expect(await read(db, `select day, conversations from report_daily(${SUPPORT})`)).toEqual([
      { day: "2025-05-01", conversations: 1 },
    ]);
    expect(await read(db, `select weekday, hour from report_hours(${SUPPORT}) where conversations > 0`)).toEqual([
      { weekday: 4, hour: 0 },
    ]);
    await expectNoDrift(db);
  });

  test("has an index by conversation_start as the default one has", async ({ db }) => {
    await db.unsafe(CHAT);

    const indexes = await db`
      select schemaname from pg_indexes where tablename = 'conversation_metrics' and indexdef ~ '\\(conversation_start\\)$' order by 1`;

    expect([...indexes]).toEqual([{ schemaname: "metrics_support" }, { schemaname: "public" }]);
  });
});

describe("a role", () => {
  test("has no right on any report before somebody gives it", async ({ db, role }) => {
    const allowed = await db`
      select p.oid::regprocedure::text as name from metrics.report_functions() as r join pg_proc as p on p.oid = r.oid
      where has_function_privilege(${role}, p.oid, 'execute')`;

    expect([...allowed]).toEqual([]);
    expect([...(await db`select has_table_privilege(${role}, 'metrics.model_prices', 'select') as may`)]).toEqual([
      { may: false },
    ]);
  });

  test("that metrics.grant_reader lets in reads all reports of all sources, and no text of a message", async ({
    db,
    role,
  }) => {
    await writeConversations(db, makeConversations(random(7), 30));
    await db.unsafe(CHAT);
    await db`select metrics.grant_reader(${role}, all_organizations => true)`;
    const reports = await db<{ name: string }[]>`
      select proname as name from pg_proc
      where pronamespace = 'public'::regnamespace and starts_with(proname, 'report_') and proname <> 'report_filter'`;

    for (const source of ["default", "support"]) {
      for (const { name } of reports) {
        const rows = await db.begin(async (tx) => {
          await tx`set local role ${tx(role)}`;
          return tx.unsafe(`select * from ${name}(report_filter(source => '${source}'))`);
        });
        expect(rows.length, `${name} of ${source}`).toBeGreaterThan(0);
      }
    }
    for (const query of [
      "select * from conversations",
      "select message from metrics.source_messages",
      "select name from metrics.leads",
    ]) {
      const refused = db.begin(async (tx) => {
        await tx`set local role ${tx(role)}`;
        await tx.unsafe(query);
      });
      await expect(refused, query).rejects.toThrow("permission denied");
    }
    await db`drop owned by ${db(role)}`;
  });
});

describe("what is documented", () => {
  test("is every function, with a comment; every report says what filters it", async ({ db }) => {
    const silent = await db`
      select p.oid::regprocedure::text as name from metrics.report_functions() as r join pg_proc as p on p.oid = r.oid
      where obj_description(p.oid, 'pg_proc') is null
        or (starts_with(p.proname, 'report_') and p.pronamespace = 'public'::regnamespace
          and obj_description(p.oid, 'pg_proc') !~ 'conversation_start')`;

    expect([...silent]).toEqual([]);
  });

  test("metrics.report_functions knows every function that the migration makes", async ({ db }) => {
    const unknown = await db`
      select p.oid::regprocedure::text as name from pg_proc as p
      where ('public.report_filter'::regtype = any (p.proargtypes::oid[] || p.proallargtypes || p.prorettype)
          or (p.pronamespace = 'public'::regnamespace and starts_with(p.proname, 'report_')))
        and not exists (select from metrics.report_functions() as r where r.oid = p.oid)`;

    expect([...unknown]).toEqual([]);
  });
});
