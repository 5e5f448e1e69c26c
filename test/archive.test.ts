import { describe, expect } from "vitest";
import type { Sql } from "../src/database.ts";
import { chat } from "./support/attached/chat.ts";
import { cli } from "./support/cli.ts";
import { random, runSeed } from "./support/generators/prng.ts";
import { expectNoDrift } from "./support/oracle.ts";
import { read } from "./support/reports/read.ts";
import { as, test as withRoles } from "./support/roles.ts";
import { rollUp } from "./support/rollups.ts";
import { test, until, untilCounted } from "./support/worker.ts";

const seed = runSeed();
console.log(`Archive: RANDOM_SEED=${seed}`);

const everything = (db: Sql) => db`
  insert into metrics.archive_rules (is_default, archive_after) values (true, '1 day')
  on conflict on constraint archive_rules_organization_key do nothing`;

/** Moves every session to the archive; returns how many. */
const archiveAll = async (db: Sql): Promise<number> => {
  await everything(db);
  const [row] = await db<[{ archived: number }]>`select metrics.archive_sessions(100000) as archived`;
  return row.archived;
};

/** Rows whose tokens the provider reported, so that no worker has to count them first. */
const REPORTED = `
  insert into conversations (organization_id, session_id, widget_id, message, response, prompt_tokens, completion_tokens, created_at, responded_at)
  select nullif(n % 3, 0), 's' || n % 60, n % 2, 'question ' || n, 'answer', n % 50, n % 70,
    now() - (2 + n % 60) * interval '1 day', now() - (2 + n % 60) * interval '1 day' + interval '2 s'
  from generate_series(0, 239) as n`;

const archived = async (db: Sql) => {
  const [row] = await db<[{ n: number }]>`select count(*)::integer as n from conversation_metrics_archive`;
  return row.n;
};

const reports = (db: Sql) =>
  read(
    db,
    `select to_jsonb(r) as r from report_summary() as r
    union all select to_jsonb(r) from report_daily() as r
    union all select to_jsonb(r) from report_leads() as r
    union all select to_jsonb(r) from report_tokens() as r
    union all select to_jsonb(r) from report_response_times() as r
    union all select to_jsonb(r) from report_satisfaction() as r
    union all (select to_jsonb(r) - 'updated_at' from report_conversations(page_size => 1000) as r)`,
  );

describe("archived sessions", () => {
  test("are those that a rule of their organization calls old, and reports still count them", async ({ db }) => {
    await db.unsafe(REPORTED);
    await db`insert into leads (organization_id, session_id, email) values (1, 's1', 'a@mail.example')`;
    await db`insert into feedback (organization_id, session_id, rating) values (2, 's2', 4)`;
    const before = await reports(db);
    await db`insert into metrics.archive_rules (organization_id, is_default, archive_after) values
      (null, true, '40 days'), ('1', false, '10 days'), (null, false, null)`;

    await db`select metrics.archive_sessions(7)`;
    expect(await archived(db)).toBe(7);
    await rollUp(db);
    expect(await reports(db)).toEqual(before);
    await db`select metrics.archive_sessions()`;

    expect(await reports(db)).toEqual(before);
    expect(
      await db`select organization_id, bool_and(conversation_end < now() - interval '10 days') as old_1,
        bool_and(conversation_end < now() - interval '40 days') as old_2, count(*) > 5 as several
        from conversation_metrics_archive group by 1 order by 1`,
    ).toEqual([
      { organization_id: "1", old_1: true, old_2: false, several: true },
      { organization_id: "2", old_1: true, old_2: true, several: true },
    ]);
    expect(
      await db`select from conversation_metrics where (organization_id = 1 and conversation_end < now() - interval '10 days')
        or (organization_id = 2 and conversation_end < now() - interval '40 days')`,
    ).toHaveLength(0);
    await expectNoDrift(db);
  });

  const LATE = [
    ["a new message", "insert into conversations (organization_id, session_id, message) values (1, 's1', 'late')"],
    [
      "a message before its first",
      "insert into conversations (organization_id, session_id, message, created_at) values (1, 's1', 'early', '2020-01-01Z')",
    ],
    [
      "many messages",
      "insert into conversations (organization_id, session_id, message, created_at) select 1, 's' || n % 40, 'late', now() - n * interval '1 hour' from generate_series(1, 500) as n",
    ],
    [
      "many messages, the first of all",
      "insert into conversations (organization_id, session_id, message, created_at) select 1, 's' || n % 40, 'early', timestamptz '2020-01-01Z' + n * interval '1 hour' from generate_series(1, 500) as n",
    ],
    [
      "a changed message",
      "update conversations set response = 'another', completion_tokens = 9 where session_id = 's1' and organization_id = 1",
    ],
    ["a message moved elsewhere", "update conversations set session_id = 's2' where session_id = 's1'"],
    ["a message that is deleted", "delete from conversations where session_id = 's1' and id % 2 = 0"],
    ["all of them deleted", "delete from conversations where session_id = 's1'"],
    ["a lead", "insert into leads (organization_id, session_id, email) values (1, 's1', 'late@mail.example')"],
    ["a rating", "insert into feedback (organization_id, session_id, rating) values (1, 's1', 1)"],
    ["TRUNCATE", "truncate conversations, feedback"],
  ] as const;

  test.for(LATE)("come back with %s", async ([, write], { db }) => {
    await db.unsafe(REPORTED);
    const all = await archiveAll(db);
    expect(all).toBeGreaterThan(50);

    await db.unsafe(write);

    expect(await archived(db)).toBeLessThan(all);
    expect(
      await db`select from metrics.sessions as s full join conversation_metrics_archive as a on a.session_key = s.session_key
        where s.is_archived is distinct from (a.session_key is not null)`,
    ).toHaveLength(0);
    await expectNoDrift(db);
    await db.unsafe(REPORTED.replace("240", "100"));
    await expectNoDrift(db);
  });

  test("come back by unarchive, those of one organization or of a time alone", async ({ db }) => {
    await db.unsafe(REPORTED);
    const before = await db`select * from conversation_metrics order by session_key`;
    const all = await archiveAll(db);

    await db`select metrics.unarchive('1', to_time => now() - interval '30 days')`;
    expect(
      await db`select distinct organization_id, conversation_start < now() - interval '30 days' as before from conversation_metrics`,
    ).toEqual([{ organization_id: "1", before: true }]);
    await db`select metrics.unarchive(no_organization => true, max_sessions => 3)`;
    expect(await db`select from conversation_metrics where organization_id is null`).toHaveLength(3);
    await db`select metrics.unarchive()`;

    expect(all).toBe(before.length);
    expect([...(await db`select * from conversation_metrics order by session_key`)]).toEqual([...before]);
    expect(await archived(db)).toBe(0);
    await expectNoDrift(db);
  });

  test("come back by unarchive from the first moment of a time on, and not at its end", async ({ db }) => {
    await db`insert into conversations (session_id, message, prompt_tokens, created_at)
      select 'day ' || n, 'x', 1, timestamptz '2025-03-01Z' + (n - 1) * interval '1 day' from generate_series(1, 5) as n`;
    await archiveAll(db);

    await db`select metrics.unarchive(from_time => '2025-03-02Z', to_time => '2025-03-04Z')`;

    expect(await db`select session_id from conversation_metrics order by 1`).toEqual([
      { session_id: "day 2" },
      { session_id: "day 3" },
    ]);
    await db`select metrics.unarchive(max_sessions => 1)`;
    expect(await db`select session_id from conversation_metrics_archive order by 1`).toEqual([
      { session_id: "day 1" },
      { session_id: "day 4" },
    ]);
    await expectNoDrift(db);
  });

  test("are put aside and brought back by the command line", async ({ db, url }) => {
    await db.unsafe(REPORTED);
    const run = async (...args: string[]) => (await cli(["archive", ...args], { url })).stdout;

    expect(await run()).toBe("No rule: nothing is archived.\ndefault: 60 sessions, and 0 archived.\n");
    expect(await run("set", "30d")).toContain("are archived after 30 days without a message.");
    expect(await run("set", "never", "--organization", "1")).toBe("Sessions of organization 1 are not archived.\n");
    expect(await run("set", "1w", "--organization", "none")).toContain(
      "Sessions without an organization are archived after 1 week",
    );
    const moved = await run("run");
    const listed = await run();
    expect(moved).toMatch(/^Archived \d+ sessions\.\n$/);
    expect(listed).toMatch(/all others +30 days\n.*none +7 days\n.*1 +never/);
    expect(listed).toContain(`and ${/\d+/.exec(moved)?.[0]} archived.`);
    expect(await db`select distinct organization_id from conversation_metrics_archive order by 1`).toEqual([
      { organization_id: "2" },
      { organization_id: null },
    ]);

    expect(await run("unset", "--organization", "1")).toBe("The rule for sessions of organization 1 is gone.\n");
    const again = await cli(["archive", "unset", "--organization", "1"], { url });
    expect(again).toMatchObject({ code: 1, stdout: "There was no rule for sessions of organization 1.\n" });
    const restored = await cli(["archive", "restore", "--organization", "none"], { url });
    expect(restored.stdout).toMatch(/^Restored [1-9]\d* sessions/);
    expect(restored.stderr).toMatch(
      /^What a rule calls old goes again .*npx conversation-metrics archive set never --organization none$/m,
    );
    expect(await run("restore")).toMatch(/^Restored [1-9]\d* sessions/);
    expect(await archived(db)).toBe(0);
    expect((await cli(["archive", "set", "soon"], { url })).stderr).toContain("It must look like 180d");
    expect((await cli(["archive", "set", "1001y"], { url })).stderr).toContain("It is at most 1000 years.");
    await expect(db`insert into metrics.archive_rules values (null, true, '9999 years')`).rejects.toThrow(
      "archive_rules_age",
    );
    expect(await run("set", "1000y")).toContain("are archived after 1000 years");
    expect(await run("run")).toMatch(/^Archived /);
    await expectNoDrift(db);
  });

  test("were counted exactly before, by the job that moves them", async ({ db, start }) => {
    await db`insert into conversations (session_id, message, created_at) values ('s', 'How many tokens?', '2025-01-01Z')`;
    await everything(db);
    expect(await archiveAll(db)).toBe(0);

    await start();
    await untilCounted(db);
    await db`select graphile_worker.add_job('archive')`;
    await until(db, "exists (select from conversation_metrics_archive)");

    expect(await db`select estimated_messages, prompt_tokens::integer from conversation_metrics_archive`).toEqual([
      { estimated_messages: 0, prompt_tokens: 4 },
    ]);
    await expectNoDrift(db);
  });

  test("that a transaction has locked hold up none of the others", async ({ db, url, connect }) => {
    await db`
      insert into conversations (session_id, message, prompt_tokens, created_at)
      select 's' || n, 'question', 1, now() - n * interval '1 day' from generate_series(2, 1200) as n`;
    await everything(db);
    const writer = await connect().reserve();
    await writer`begin`;
    await writer`update conversations set message = 'again' where session_id in ('s1200', 's700')`;

    const { stdout } = await cli(["archive", "run"], { url });
    await writer`rollback`;
    writer.release();

    expect(stdout).toBe("Archived 1,197 sessions.\n");
    expect(await db`select session_id from conversation_metrics order by 1`).toEqual([
      { session_id: "s1200" },
      { session_id: "s700" },
    ]);
    await expectNoDrift(db);
  });

  test("that differ are found by verify, and healed", async ({ db }) => {
    await db.unsafe(REPORTED);
    await archiveAll(db);
    await db`update conversation_metrics_archive set user_messages = user_messages + 1 where session_id = 's1'`;

    const found = await db`select distinct session_id from conversation_metrics_drift where session_key is not null`;
    await db`select metrics.repair()`;

    expect(found).toEqual([{ session_id: "s1" }]);
    await expectNoDrift(db);
  });

  test("are found by the worker's own check", async ({ db }) => {
    await db.unsafe(REPORTED);
    await archiveAll(db);
    await db`update conversation_metrics_archive set user_messages = user_messages + 1 where session_id = 's1'`;

    const [check] = await db`select drifted, healed, details from metrics.check_sessions(0)`;

    expect(check).toMatchObject({ drifted: 1, healed: 1, details: [{ session_id: "s1", columns: ["user_messages"] }] });
    await expectNoDrift(db);
  });

  for (const isMarked of [true, false]) {
    test(`that are in both tables${isMarked ? "" : ", and not marked,"} are found, keep no write from them, and are healed`, async ({
      db,
    }) => {
      await db.unsafe(REPORTED);
      await archiveAll(db);
      await rollUp(db);
      // As a dump leaves it that is restored in parts.
      const [row] = await db<[{ names: string }]>`
        select string_agg(quote_ident(attname), ', ') as names from pg_attribute
        where attrelid = 'conversation_metrics'::regclass and attnum > 0 and attgenerated = ''`;
      await db.unsafe(`insert into conversation_metrics (${row.names}) select ${row.names} from conversation_metrics_archive
        where session_id in ('s1', 's2')`);
      await db`update metrics.sessions set is_archived = ${isMarked}`;

      const found =
        await db`select session_id from conversation_metrics_drift where column_name = 'archived_at' order by 1`;
      expect(found).toEqual([{ session_id: "s1" }, { session_id: "s2" }]);
      await db`insert into leads (organization_id, session_id, email) values (1, 's1', 'a@mail.example')`;
      await db`insert into conversations (organization_id, session_id, message) values (2, 's2', 'x'), (2, 's5', 'y')`;
      await db`select metrics.repair()`;

      await rollUp(db);
      await expectNoDrift(db);
    });
  }

  for (const [what, write, count] of [
    ["leave a TRUNCATE alone that comes meanwhile", "truncate conversations, feedback", 0],
    [
      "are not those that are written to while they are chosen",
      "insert into conversations (organization_id, session_id, message, prompt_tokens) select organization_id, session_id, 'x', 1 from conversation_metrics where session_id <> 's1'",
      1,
    ],
  ] as const) {
    test(what, { timeout: 60_000 }, async ({ db, connect }) => {
      await db.unsafe(REPORTED);
      await everything(db);
      // Takes a second to read the rules.
      await db`alter table metrics.archive_rules rename to rules`;
      await db`create view metrics.archive_rules as select r.* from metrics.rules as r, pg_sleep(1)`;
      const archiving = connect({ max: 1 })`select metrics.archive_sessions(1000)`.execute();
      await until(
        db,
        "exists (select from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database())",
      );

      await db.unsafe(write);
      await archiving;

      expect(await archived(db)).toBe(count);
      await expectNoDrift(db);
    });
  }

  test("are none while a foreign key refers to the metrics, which would lose its rows", async ({ db }) => {
    await db.unsafe(REPORTED);
    await db`create table notes (session_key uuid references conversation_metrics on delete cascade)`;
    await db`insert into notes select session_key from conversation_metrics`;

    await expect(archiveAll(db)).rejects.toThrow(
      "while a foreign key refers to conversation_metrics: that of public.notes",
    );

    expect(await db`select from notes`).toHaveLength(60);
    await db`drop table notes`;
    expect(await archiveAll(db)).toBe(60);
    await expectNoDrift(db);
  });

  test("are found where a person is erased", async ({ db }) => {
    const said = `insert into conversations (organization_id, session_id, user_id, message, response, prompt_tokens, completion_tokens, created_at)
      values (1, 'ann@mail.example', 77, 'm', 'r', 1, 1, now() - interval '30 days'), (1, 'bea', 78, 'm', 'r', 1, 1, now() - interval '30 days')`;
    await db.unsafe(said);
    await db`insert into feedback (organization_id, session_id, rating, feedback_text) values (1, 'ann@mail.example', 3, 'I am Ann')`;
    const erase = (dry: boolean) => db`select item, number, to_do from metrics.erase_person(
      email => 'ann@mail.example', user_id => '77', organization => '1', dry_run => ${dry})`;
    const before = await erase(true);
    await archiveAll(db);

    expect([...(await erase(true))]).toEqual([...before]);
    await erase(false);
    expect(await archived(db)).toBe(1);
    await expectNoDrift(db);
  });

  withRoles("are shown to readers of their organization alone, in attached sources too", async ({ db, makeRole }) => {
    await db.unsafe(REPORTED);
    await db.unsafe(chat("one"));
    await db`select metrics.attach('one', 'one.said')`;
    const role = await makeRole();
    await db`select metrics.grant_reader(${role}, '{1}')`;
    await archiveAll(db);
    await db`insert into metrics_one.archive_rules (is_default, archive_after) values (true, '1 day')`;
    await db`update metrics_one.messages set prompt_source = 'provider', completion_source = case when completion_source is not null then 'provider'::metrics.token_source end`;

    const seen = await as(db, role, (tx) => tx`select distinct organization_id from conversation_metrics_archive`);
    const all = await as(db, role, (tx) => tx`select distinct organization_id from all_conversation_metrics`);
    const answers = await as(db, role, (tx) => tx`select messages from report_tokens() as r`);

    expect(seen).toEqual([{ organization_id: "1" }]);
    expect(all).toEqual([{ organization_id: "1" }]);
    expect(answers.length).toBeGreaterThan(0);
    await expectNoDrift(db);
  });

  test("stay where a transaction writes to them, and are exact whoever writes meanwhile", { timeout: 60_000 }, async ({
    db,
    connect,
  }) => {
    await db.unsafe(REPORTED);
    await everything(db);
    let writing = true;
    const writers = Array.from({ length: 4 }, async (_, n) => {
      const dice = random(seed + n);
      const sql = connect({ max: 1 });
      for (let round = 0; round < 150; round += 1) {
        const session = `s${dice.below(20)}`;
        const old = dice.below(50);
        await dice
          .pick([
            () => sql`insert into conversations (organization_id, session_id, message, prompt_tokens, created_at)
            values (${1 + dice.below(2)}, ${session}, 'again', 3, now() - ${2 + old} * interval '1 day')`,
            () => sql`insert into conversations (organization_id, session_id, message, prompt_tokens, created_at)
            select 1, 's' || n % 20, 'many', 2, now() - interval '9 days' + n * interval '1 s' from generate_series(0, 99) as n`,
            () => sql`update conversations set message = message || 'x' where session_id = ${session}`,
            () => sql`delete from conversations where session_id = ${session} and id % 5 = ${dice.below(5)}`,
            () => sql`insert into feedback (organization_id, session_id, rating) values (1, ${session}, 3)`,
            () =>
              sql.begin(async (tx) => {
                await tx`insert into conversations (organization_id, session_id, message, prompt_tokens, created_at)
                values (1, ${session}, 'two', 1, now() - interval '3 days')`;
                await tx`update conversations set message = message || 'y' where session_id = ${session}`;
              }),
          ])()
          .catch((error: unknown) => {
            if (!String(error).includes("deadlock")) throw error;
          });
      }
    });
    let moved = 0;
    const moving = (async () => {
      while (writing) {
        const [row] = await db<[{ n: number }]>`select metrics.archive_sessions(10) as n`;
        moved += row.n;
      }
    })();
    await Promise.all(writers);
    writing = false;
    await moving;

    expect(moved).toBeGreaterThan(100);
    await expectNoDrift(db);
  });
});
