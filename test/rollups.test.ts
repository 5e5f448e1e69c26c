import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect } from "vitest";
import type { Sql } from "../src/database.ts";
import { migrate } from "../src/migrate.ts";
import { chat } from "./support/attached/chat.ts";
import { cli } from "./support/cli.ts";
import { random, runSeed } from "./support/generators/prng.ts";
import { expectNoDrift } from "./support/oracle.ts";
import { filterSql, iso, read } from "./support/reports/read.ts";
import { makeRollupsEager, rollUp } from "./support/rollups.ts";
import { test, until, untilCounted } from "./support/worker.ts";

const seed = runSeed();
console.log(`Rollups: RANDOM_SEED=${seed}`);

/** 200 sessions, an hour apart, the last of them an hour ago. */
const HOURLY = `
  insert into conversations (organization_id, session_id, widget_id, message, response, created_at)
  select nullif(n % 3, 0), 's' || n % 200, n % 2, 'question ' || n, 'answer', now() - (1 + n % 200) * interval '1 hour'
  from generate_series(0, 599) as n`;

const state = async (db: Sql) => {
  const [row] = await db`
    select s.built_to, s.built_to between now() - interval '2 hours' and now() - interval '90 minutes' as is_recent,
      s.built_to = '-infinity' as is_nowhere, (select sum(conversations)::integer from metrics.rollups where all_widgets and minutes = 15) as rolled
    from metrics.rollup_state as s`;
  return row;
};

// Transactions of tests beside this one are waited for, too: their numbers come from the same server.
const rollUpToNow = async (db: Sql) => {
  await rollUp(db);
  for (let round = 0; round < 200 && !(await state(db))?.is_recent; round += 1) {
    await sleep(100);
    await rollUp(db);
  }
};

// A filter that lets everything through, and yet reads every session.
const LIVE = { min_tokens: 0 };

/** What reports say by the rollups, and of the same moment what they say by reading every session. */
const bothWays = async (db: Sql, filter: Record<string, string | boolean>) => {
  const summed = (more: object) =>
    ["daily", "weekly"]
      .map((report) => `(select jsonb_agg(r) from report_${report}(${filterSql({ ...filter, ...more })}) as r)`)
      .concat(`(select jsonb_agg(r) from report_hours(${filterSql({ ...filter, ...more })}) as r)`)
      .concat(`(select to_jsonb(r) from report_summary(${filterSql({ ...filter, ...more })}) as r)`)
      .join(", ");
  const [row] = await read(
    db,
    `select jsonb_build_array(${summed({})}) as rolled, jsonb_build_array(${summed(LIVE)}) as live`,
  );
  return row as { rolled: unknown; live: unknown };
};

const expectSameBothWays = async (db: Sql, filter: Record<string, string | boolean> = {}) => {
  const { rolled, live } = await bothWays(db, filter);
  expect(rolled).toEqual(live);
};

describe("rolling up", () => {
  test("stays behind by an hour and a half, and is exact at any moment", async ({ bareUrl, bareDb: db }) => {
    await migrate({ databaseUrl: bareUrl });
    await db.unsafe(HOURLY);

    expect(await state(db)).toMatchObject({ is_nowhere: true, rolled: null });
    await expectSameBothWays(db);
    await rollUpToNow(db);

    expect(await state(db)).toMatchObject({ is_recent: true });
    expect((await state(db))?.rolled).toBeGreaterThan(190);
    await expectSameBothWays(db);
    await db`update conversations set response = response || ' and more' where id % 7 = 0`;
    await db`delete from conversations where session_id in ('s20', 's40')`;
    await db`insert into leads (organization_id, session_id, email) values (1, 's61', 'a@mail.example')`;
    await expectSameBothWays(db);
    await expectSameBothWays(db, { organization: "1" });
    await expectSameBothWays(db, { no_organization: true });
    await expectSameBothWays(db, { widget: "1", time_zone: "Asia/Kathmandu" });
    await expectNoDrift(db);
  });

  test("takes any number of sessions in parts", async ({ bareUrl, bareDb: db }) => {
    await migrate({ databaseUrl: bareUrl });
    await db.unsafe(HOURLY);
    await rollUpToNow(db);
    const seen = [];

    await db`update metrics.rollup_state set built_to = '-infinity'`;
    await db`delete from metrics.rollups`;
    for (let round = 0; round < 100; round += 1) {
      const [step] = await db<[{ is_done: boolean }]>`select * from metrics.roll_up(10)`;
      seen.push((await state(db))?.rolled);
      await expectSameBothWays(db);
      if (step.is_done) break;
    }

    expect(seen.length).toBeGreaterThan(15);
    expect(seen.length).toBeLessThan(100);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    await expectNoDrift(db);
  });

  test("makes nothing anew of what it has not made yet", async ({ bareUrl, bareDb: db }) => {
    await migrate({ databaseUrl: bareUrl });
    // Notes of more quarters than are made anew at a time.
    await db`insert into conversations (session_id, message, created_at)
      select 's' || n, 'hi', now() - n * interval '15 minutes' from generate_series(10, 1510) as n`;
    expect(await db`select count(*)::int as notes from metrics.rollup_changes`).toEqual([{ notes: 1501 }]);

    let remade = 0;
    for (let round = 0; round < 200 && !(await state(db))?.is_recent; round += 1) {
      const [step] = await db`select remade from metrics.roll_up()`;
      remade += step?.remade;
      await sleep(100);
    }

    expect({ remade, ...(await state(db)) }).toMatchObject({ remade: 0, is_recent: true, rolled: 1501 });
    expect(await db`select count(*)::int as notes from metrics.rollup_changes`).toEqual([{ notes: 0 }]);
    await expectNoDrift(db);
  });

  test("closes no quarter of an hour while a transaction is open that may have changed it unnoted", async ({
    bareUrl,
    bareDb: db,
    bareConnect,
  }) => {
    await migrate({ databaseUrl: bareUrl });
    await db.unsafe(HOURLY);
    const long = await bareConnect().reserve();
    await long`begin`;
    await long`insert into conversations (session_id, message, created_at) values ('late', 'x', now() - interval '5 days')`;
    // As though it had been written when that session was young.
    await long`delete from metrics.rollup_changes where xmin::text = (pg_current_xact_id()::text::bigint % 4294967296)::text`;

    await rollUp(db);
    await rollUp(db);
    expect(await state(db)).toMatchObject({ is_nowhere: true });
    await long`commit`;
    long.release();
    await rollUpToNow(db);

    expect(await state(db)).toMatchObject({ is_recent: true });
    await expectSameBothWays(db);
    await expectNoDrift(db);
  });

  test("goes on where a dump of another server was restored, whose transactions had higher numbers", async ({
    bareUrl,
    bareDb: db,
  }) => {
    await migrate({ databaseUrl: bareUrl });
    await db.unsafe(HOURLY);
    await db`update metrics.rollup_state set closing_to = now() - interval '1 day', closing_xid = '900000000000'`;

    await rollUpToNow(db);

    expect(await state(db)).toMatchObject({ is_recent: true });
    await expectNoDrift(db);
  });

  test("makes hours and days of the quarters, once all of them are there", async ({ bareUrl, bareDb: db }) => {
    await migrate({ databaseUrl: bareUrl });
    await db.unsafe(HOURLY);
    await rollUpToNow(db);

    expect(
      await db`
        select r.minutes, sum(r.conversations) = (
            select count(*) from conversation_metrics as m
            where m.conversation_start < metrics.rollup_start((select built_to from metrics.rollup_state), r.minutes)
          ) as has_all
        from metrics.rollups as r where r.all_widgets group by r.minutes order by r.minutes`,
    ).toEqual([15, 60, 1440].map((minutes) => ({ minutes, has_all: true })));
    await expectNoDrift(db);
  });

  test("waits for no writer, and no writer for it", async ({ db, connect }) => {
    await db.unsafe(HOURLY);
    await rollUp(db);
    const [writer, roller] = [await connect().reserve(), await connect().reserve()];
    await writer`begin`;
    await writer`update conversations set message = message || '!' where session_id = 's5'`;

    await roller`begin`;
    await roller`set local lock_timeout = '100ms'`;
    await roller`select metrics.roll_up()`;
    await writer`set local lock_timeout = '100ms'`;
    await writer`update conversations set message = message || '!' where session_id = 's6'`;
    await writer`commit`;
    await roller`commit`;
    writer.release();
    roller.release();

    await expectSameBothWays(db);
    await expectNoDrift(db);
  });

  test("is right at every moment while others write", { timeout: 60_000 }, async ({ db, connect }) => {
    await db.unsafe(HOURLY);
    let writing = true;
    const writers = Array.from({ length: 4 }, async (_, n) => {
      const dice = random(seed + n);
      const sql = connect({ max: 1 });
      for (let round = 0; round < 120; round += 1) {
        const session = `s${dice.below(30)}`;
        await dice
          .pick([
            () => sql`insert into conversations (organization_id, session_id, message, response, created_at)
            values (${1 + dice.below(2)}, ${session}, 'again', 'and again', now() - ${dice.below(300)} * interval '1 hour')`,
            () => sql`insert into conversations (organization_id, session_id, message, created_at)
            select 1, 's' || n, 'many', now() - interval '9 days' from generate_series(0, 99) as n`,
            () => sql`update conversations set response = response || 'x' where session_id = ${session}`,
            () =>
              sql`update conversations set created_at = created_at - interval '1 hour' where session_id = ${session}`,
            () => sql`delete from conversations where session_id = ${session} and id % 3 = ${dice.below(3)}`,
            () =>
              sql`insert into feedback (organization_id, session_id, rating) values (1, ${session}, ${1 + dice.below(5)})`,
            () => sql`insert into leads (organization_id, session_id, email) values (1, ${session}, 'a@mail.example')`,
          ])()
          .catch((error: unknown) => {
            // Two statements over many sessions may be the wrong way around; the application tries again.
            if (!String(error).includes("deadlock")) throw error;
          });
      }
    });
    const rolling = (async () => {
      while (writing) {
        await db`select metrics.roll_up()`;
        await sleep(5);
      }
    })();
    const looking = (async () => {
      let looks = 0;
      for (; writing; looks += 1) await expectSameBothWays(connect({ max: 1 }), looks % 2 ? { organization: "1" } : {});
      return looks;
    })();
    await Promise.all(writers);
    writing = false;
    await rolling;

    expect(await looking).toBeGreaterThan(3);
    await expectSameBothWays(db);
    await expectNoDrift(db);
  });
});

describe("a change", () => {
  test("of a token count is seen", async ({ db, start }) => {
    await db.unsafe(HOURLY);
    await rollUp(db);

    await start();
    await untilCounted(db);

    await expectSameBothWays(db);
    await expectNoDrift(db);
  });

  test.for([
    [
      "a row more",
      "insert into conversations (organization_id, session_id, message, created_at) values (1, 's5', 'x', now() - interval '5 hours')",
    ],
    [
      "the first row",
      "insert into conversations (session_id, message, created_at) values ('new', 'x', now() - interval '5 hours')",
    ],
    [
      "an earlier row",
      "insert into conversations (organization_id, session_id, message, created_at) values (1, 's4', 'x', now() - interval '9 days')",
    ],
    ["an answer", "update conversations set response = 'now it is longer' where id = 5"],
    ["a row less", "delete from conversations where id = 5"],
    ["a lead", "insert into leads (organization_id, session_id, email) values (1, 's4', 'a@mail.example')"],
    ["a rating", "insert into feedback (organization_id, session_id, rating) values (1, 's4', 5)"],
  ] as const)("by %s alone is seen", async ([, write], { db }) => {
    await db.unsafe(HOURLY);
    await rollUp(db);

    await db.unsafe(write);

    expect(await db`select from metrics.rollup_changes`).not.toHaveLength(0);
    await expectSameBothWays(db);
    await rollUp(db);
    await expectNoDrift(db);
  });

  test("by TRUNCATE is seen, and rolling up begins anew", async ({ db }) => {
    await db.unsafe(HOURLY);
    await rollUp(db);
    await db`truncate conversations, leads, feedback`;

    await expectSameBothWays(db);
    await expectSameBothWays(db, { from_time: iso(Date.now() - 30 * 86_400_000), to_time: iso(Date.now()) });
    await rollUp(db);

    expect(await db`select count(*)::integer as left from metrics.rollups`).toEqual([{ left: 0 }]);
    await db.unsafe(HOURLY);
    await expectSameBothWays(db);
    await rollUp(db);
    await expectNoDrift(db);
  });

  test("of very much reads the sessions themselves", async ({ db }) => {
    await db.unsafe(HOURLY);
    await rollUp(db);
    await db`update conversations set message = message || '!'`;

    await expectSameBothWays(db);
    await expectNoDrift(db);
  });
});

describe("the ends of a range, and of days", () => {
  test.for([
    ["America/St_Johns", "2010-11-07T02:25Z"],
    ["Pacific/Kiritimati", "1979-10-01T10:25Z"],
    ["Antarctica/Troll", "2026-03-29T00:45Z"],
    ["Australia/Lord_Howe", "2026-04-04T14:45Z"],
    ["Asia/Kathmandu", "2026-01-01T18:05Z"],
    ["Asia/Kathmandu", "1985-12-31T18:20Z"],
  ] as const)("of %s around %s", async ([zone, from], { db }) => {
    // One each 20 seconds, from before to after a midnight or a change of the clocks.
    await db`
      insert into conversations (session_id, message, prompt_tokens, created_at)
      select 's' || n, 'x', 1, ${from}::text::timestamptz + n * interval '20 s' from generate_series(0, 299) as n`;
    await rollUp(db);

    await expectSameBothWays(db, { time_zone: zone });
    await expectNoDrift(db);
  });

  test("of the period before, moved by what is no whole quarter", async ({ db }) => {
    await db`
      insert into conversations (session_id, message, prompt_tokens, created_at)
      select 's' || n, 'x', 1, timestamptz '2025-03-01Z' + n * interval '1 min' from generate_series(0, 4000) as n`;
    await rollUp(db);

    await expectSameBothWays(db, { from_time: "2025-03-02T12:00Z", to_time: "2025-03-03T13:07Z" });
    await expectNoDrift(db);
  });

  test("that is cut anywhere", { timeout: 60_000 }, async ({ db }) => {
    await db`
      insert into conversations (organization_id, session_id, widget_id, message, prompt_tokens, created_at)
      select nullif(n % 3, 0), 's' || n, n % 2, 'x', 1,
        case n % 50 when 0 then '-infinity' when 1 then 'infinity' else
          timestamptz '2025-03-29T22:00Z' + n / 3 * interval '7.5 min' - (n % 3 - 1) * interval '1 microsecond' end
      from generate_series(0, 599) as n`;
    await rollUp(db);
    await db`update conversations set message = 'y' where id % 40 = 0`;
    const dice = random(seed);
    const moment = () =>
      `${iso(Date.UTC(2025, 2, 29, 21) + dice.below(120) * 450_000).slice(0, -1)}${dice.pick(["000Z", "001Z"])}`;
    for (let round = 0; round < 60; round += 1) {
      const [from = "", to = ""] = [moment(), moment()].toSorted();
      await expectSameBothWays(db, {
        ...(dice.below(4) && { from_time: dice.below(20) ? from : "-infinity" }),
        ...(dice.below(4) && { to_time: dice.below(20) ? to : "infinity" }),
        ...dice.pick([{}, {}, { organization: "1" }, { no_organization: true }, { widget: "1" }]),
        time_zone: dice.pick(["UTC", "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns", "Europe/Berlin"]),
      });
    }
    await expectNoDrift(db);
  });
});

describe("hours and days", () => {
  test("stand for their quarters in every zone, but for those that changed", { timeout: 60_000 }, async ({ db }) => {
    const dice = random(seed);
    const start = Date.UTC(2025, 2, 25);
    await db`
      insert into conversations (organization_id, session_id, widget_id, message, prompt_tokens, created_at)
      select nullif(n % 3, 0), 's' || n, n % 2, 'x', 1, ${iso(start)}::text::timestamptz + n * interval '1021 s'
      from generate_series(0, 1199) as n`;
    await rollUp(db);

    for (let round = 0; round < 48; round += 1) {
      if (round % 3 === 0)
        await db`update conversations set message = message || 'yes!' where id = ${dice.below(1200)}`;
      if (round % 12 === 0) await rollUp(db);
      const [from, to] = [dice.below(300), dice.below(300)].toSorted((a, b) => a - b) as [number, number];
      const unit = dice.pick([900_000, 3_600_000, 3_600_000, 86_400_000]);
      await expectSameBothWays(db, {
        ...(dice.below(5) && { from_time: iso(start + Math.floor((from * 3_600_000) / unit) * unit) }),
        ...(dice.below(5) && { to_time: iso(start + Math.ceil((to * 3_600_000) / unit) * unit) }),
        ...dice.pick<Record<string, string | boolean>>([
          {},
          { organization: "1" },
          { no_organization: true },
          { organization: "2", widget: "1" },
        ]),
        time_zone: dice.pick([
          ...(["UTC", "UTC", "Europe/London", "Europe/Berlin", "America/New_York"] as const),
          ...(["Australia/Lord_Howe", "Asia/Kathmandu", "Asia/Kolkata", "Pacific/Marquesas"] as const),
        ]),
      });
    }
    await expectNoDrift(db);
  });

  test("are taken where no day of a zone cuts one in two", { timeout: 60_000 }, async ({ db }) => {
    const cut = await db`
      select z.name, year, day::date::text, r.minutes
      from (select name from pg_timezone_names where name !~ '^(posix|Etc)') as z
      cross join unnest('{2012,2015,2018,2020,2026}'::integer[]) as year
      cross join lateral metrics.longest_rollup(
        'day', z.name, make_timestamptz(year, 1, 1, 0, 0, 0, 'UTC'), make_timestamptz(year + 1, 1, 1, 0, 0, 0, 'UTC'), '0'
      ) as r (minutes)
      cross join generate_series(make_date(year, 1, 2)::timestamp, make_date(year, 12, 30)::timestamp, interval '1 day') as day
      -- Asked once for each day, of a million.
      cross join lateral (select metrics.day_start(day::date, z.name) as starts_at offset 0) as d
      where metrics.rollup_start(d.starts_at, r.minutes) <> d.starts_at
      limit 5`;
    const [taken] = await db`
      select array_agg(metrics.longest_rollup(unit, zone, '2025-01-01Z', '2025-07-01Z', shift::interval) order by place) as minutes
      from (values (1, 'day', 'UTC', '0'), (2, 'week', 'UTC', '1 hour'), (3, 'hour', 'UTC', '0'), (4, 'day', 'Europe/London', '0'),
        (5, 'day', 'Africa/Abidjan', '0'), (6, 'day', 'Australia/Lord_Howe', '0'), (7, 'all', 'Asia/Kolkata', '15 minutes'),
        (8, 'month', 'Asia/Kolkata', '0')) as v (place, unit, zone, shift)`;

    expect(cut).toEqual([]);
    expect(taken?.minutes).toEqual([1440, 60, 60, 60, 1440, 15, 1440, 15]);
  });

  test("are not taken where clocks were changed within a quarter", async ({ db }) => {
    await db`
      insert into conversations (session_id, message, prompt_tokens, created_at)
      select 's' || n, 'x', 1, timestamptz '2021-10-02T15:30Z' + n * interval '20 s' from generate_series(0, 299) as n`;
    await rollUp(db);

    await expectSameBothWays(db, { time_zone: "Antarctica/Casey" });
    await expectSameBothWays(db, { time_zone: "antarctica/casey" });
    await expectNoDrift(db);
  });

  test("counts days whole where the clocks change on the last of them", async ({ db }) => {
    // In London the days after the 30th begin at 23:00 of UTC's day before, and those until then with it.
    await db`insert into conversations (session_id, message, prompt_tokens, created_at)
      select 's' || n, 'x', 1, timestamptz '2025-03-23T00:30Z' + n * interval '1 h' from generate_series(0, 215) as n`;
    await rollUp(db);
    const filter = { time_zone: "Europe/London", from_time: "2025-03-23T00:00Z", to_time: "2025-03-31T23:00Z" };

    const days = await read(db, `select conversations from report_daily(${filterSql(filter)})`);

    expect(days.map(({ conversations }) => conversations)).toEqual([24, 24, 24, 24, 24, 24, 24, 23, 24]);
    await expectSameBothWays(db, filter);
    await expectNoDrift(db);
  });
});

describe("rollups", () => {
  test.for([15, 60, 1440])(
    "of %i minutes that are wrong are found by verify, and healed by repair",
    async (minutes, { db, url }) => {
      await db.unsafe(HOURLY);
      await rollUp(db);
      await db`
      update metrics.rollups set prompt_tokens = prompt_tokens + 1
      where minutes = ${minutes} and starts_at = (select min(starts_at) from metrics.rollups where minutes = ${minutes})`;

      const verify = await cli(["verify"], { url });
      const repair = await cli(["repair"], { url });

      expect(verify.stdout).toMatch(/rollup/);
      expect(verify.code).toBe(1);
      expect(repair.code).toBe(0);
      await expectSameBothWays(db);
      await rollUp(db);
      expect((await cli(["verify"], { url })).stdout).toBe("Every number is right.\n");
      await expectNoDrift(db);
    },
  );

  test("are made anew with a session that somebody had given to another organization", async ({ db }) => {
    await db.unsafe(HOURLY);
    await db`update conversation_metrics set organization_id = 2 where session_id = 's1' and organization_id = 1`;
    await db`insert into metrics.rollup_changes select metrics.quarter_hour(min(conversation_start)), '1' from conversation_metrics where session_id = 's1'`;
    await rollUp(db);

    await db`select sync_conversation_metrics(null, 1, 's1')`;
    await rollUp(db);

    await expectSameBothWays(db, { organization: "1" });
    await expectNoDrift(db);
  });

  test("that many changes are in are made anew by one job, in parts", async ({ db, start }) => {
    await db`insert into conversations (session_id, message, prompt_tokens, created_at)
      select 's' || n, 'hi', 1, timestamptz '2025-01-01Z' + n * interval '15 minutes' from generate_series(1, 2500) as n`;
    await start();

    await db`select graphile_worker.add_job('roll_up')`;
    await until(
      db,
      "exists (select from metrics.rollups) and not exists (select from graphile_worker.jobs where task_identifier = 'roll_up')",
    );

    expect(await db`select from metrics.rollup_changes`).toHaveLength(0);
    expect(await db`select from metrics.rollups where minutes = 15 and all_widgets`).toHaveLength(2500);
    await expectNoDrift(db);
  });

  test("are the worker's to make, for every source, and status says how far they are", async ({ db, url, start }) => {
    await db.unsafe(HOURLY);
    await db.unsafe(chat("one"));
    await db`select metrics.attach('one', 'one.said')`;
    await makeRollupsEager(db, "metrics_one");
    const worker = await start();

    await db`select graphile_worker.add_job('roll_up')`;
    await until(db, "exists (select from metrics.rollups) and exists (select from metrics_one.rollups)");
    await worker.stop();

    await db`update one.lines set words = words || ' and more'`;
    await rollUp(db, "metrics_one");
    await expectSameBothWays(db, { source: "one" });
    expect(await db`select * from metrics_one.conversation_metrics_drift`).toEqual([]);
    expect((await cli(["status"], { url })).stdout).toMatch(/^rollups /m);
    await expectNoDrift(db);
  });
});
