import { describe, expect } from "vitest";
import type { Sql } from "../src/database.ts";
import { cli } from "./support/cli.ts";
import { random, runSeed } from "./support/generators/prng.ts";
import { expectNoDrift } from "./support/oracle.ts";
import { filterSql, iso, type Row, read } from "./support/reports/read.ts";
import { as, test } from "./support/roles.ts";
import { makeRollupsEager, rollUp } from "./support/rollups.ts";

const seed = runSeed();
console.log(`Percentiles: RANDOM_SEED=${seed}`);

const START = Date.UTC(2025, 2, 26);
const HOUR = 3_600_000;

/** 900 sessions of 9 days, of up to three answers each, that took between a microsecond and days, some of them no time. */
const ANSWERS = `
  select setseed(0.${seed});
  insert into conversations (organization_id, session_id, widget_id, message, response, prompt_tokens, completion_tokens, created_at, responded_at)
  select nullif(s % 3, 0), 's' || s, s % 2, 'question', nullif('answer', case when random() < 0.1 then 'answer' end), 1, 1, at,
    case when random() < 0.9 then at + case when random() < 0.05 then 0 else exp(random() * 26) / 1000000 end * interval '1 s' end
  from (
    select s, n, timestamptz '${iso(START)}' + s * interval '863 s' + n * random() * interval '100 s' as at
    from generate_series(0, 899) as s cross join generate_series(0, 2) as n where n <= s % 3
  ) as rows (s, n, at)`;

/** Has rollups tell percentiles of few conversations already. */
const sortAtMost = (db: Sql, conversations: number) =>
  db.unsafe(`create or replace function metrics.most_sorted() returns bigint language sql immutable parallel safe
    begin atomic select ${conversations}::bigint; end`);

const report = (filter: string) => `select * from report_response_times(${filter})`;

type Filter = Record<string, string | number | boolean>;

/** The report's percentiles are within 1 % of the exact ones, which a filter has that rollups cannot answer. */
const expectWithinOnePercent = async (db: Sql, filter: Filter) => {
  const [row] = await read(
    db,
    `select (select jsonb_agg(r) from (${report(filterSql(filter))}) as r) as told,
      (select jsonb_agg(r) from (${report(filterSql({ ...filter, min_tokens: 0 }))}) as r) as exact`,
  );
  const { told, exact } = row as { told: Row[]; exact: Row[] };
  for (const [n, { is_exact, ...values }] of exact.entries()) {
    expect(is_exact).toBe(true);
    for (const [name, value] of Object.entries(values)) {
      const label = `${name} of ${JSON.stringify({ filter, told: told[n], exact: exact[n] })}`;
      // Means are rounded to the microsecond, of sums in another order.
      const most = /p\d\d$/.test(name) ? Math.abs(Number(value)) * 0.01 + 1.1e-6 : /average/.test(name) ? 1.1e-6 : 0;
      expect(typeof told[n]?.[name], label).toBe(typeof value);
      if (typeof value === "number") expect(Math.abs(Number(told[n]?.[name]) - value), label).toBeLessThanOrEqual(most);
      else expect(told[n]?.[name], label).toEqual(value);
    }
  }
  return told[0]?.is_exact;
};

describe("report_response_times by rollups", () => {
  test("is within 1 % while sessions change, are archived and come back", { timeout: 120_000 }, async ({ db }) => {
    await sortAtMost(db, 0);
    await db.unsafe(ANSWERS);
    await rollUp(db);
    const dice = random(seed);
    const told: unknown[] = [];
    const change = () =>
      dice.pick([
        () => db`
          insert into conversations (organization_id, session_id, message, response, created_at, responded_at)
          select organization_id, session_id, 'late', 'answer', conversation_start + interval '1 hour',
            conversation_start + interval '1 hour' + ${1 + dice.below(5000)} * interval '7 ms'
          from conversation_metrics where conversation_start is not null order by session_id offset ${dice.below(500)} limit 1`,
        () => db`update conversations set responded_at = responded_at + interval '3 s' where id = ${dice.below(1800)}`,
        () => db`delete from conversations where id = ${dice.below(1800)}`,
        () => db`update conversations set created_at = created_at - interval '2 hours' where id = ${dice.below(1800)}`,
      ])();

    for (let round = 0; round < 36; round += 1) {
      if (round === 6) {
        await db`insert into metrics.archive_rules (is_default, archive_after) values (true, '1 day')`;
        await db`select metrics.archive_sessions(700)`;
        expect(await db`select from conversation_metrics_archive limit 1`).toHaveLength(1);
      }
      if (round % 3 === 0) await change();
      if (round % 9 === 8) await rollUp(db);
      const [from, to] = [dice.below(230), dice.below(230)].toSorted((a, b) => a - b) as [number, number];
      const shift = dice.pick([0, 0, 0.25, 0.1]) * HOUR;
      told.push(
        await expectWithinOnePercent(db, {
          ...(dice.below(3) && { from_time: iso(START + from * HOUR - shift) }),
          ...(dice.below(3) && { to_time: iso(START + (to + 1) * HOUR + shift) }),
          ...dice.pick<Filter>([
            {},
            { organization: "1" },
            { no_organization: true },
            { organization: "2", widget: "1" },
          ]),
          time_zone: dice.pick(["UTC", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Marquesas"]),
        }),
      );
    }

    expect(told.filter((isExact) => isExact === false).length).toBeGreaterThan(20);
    await expectNoDrift(db);
  });

  test("is exact of few conversations, and wherever rollups cannot tell", async ({ db }) => {
    await db.unsafe(ANSWERS);
    await rollUp(db);
    const isExact = async (filter: Filter) => (await read(db, report(filterSql(filter)))).map((row) => row.is_exact);
    const [exact, rolled] = [
      [true, true, true],
      [false, false, false],
    ];

    expect(await isExact({})).toEqual(exact);
    await sortAtMost(db, 899);
    expect(await isExact({})).toEqual(rolled);
    expect(await isExact({ organization: "1" })).toEqual(exact);
    expect(await isExact({ user_id: "1" })).toEqual(exact);
    await sortAtMost(db, 0);
    const days = { from_time: iso(START), to_time: iso(START + 200 * HOUR) };
    expect(await isExact(days)).toEqual(rolled);
    await db`update conversations set message = message || '!'`;
    expect(await isExact(days)).toEqual(exact);
    await expectNoDrift(db);
  });

  test("shows a reader its organizations alone", async ({ db, makeRole }) => {
    await sortAtMost(db, 0);
    await db.unsafe(ANSWERS);
    await rollUp(db);
    await db`update conversations set message = message || '!' where session_id in ('s1', 's2', 's3')`;
    const role = await makeRole();
    await db`select metrics.grant_reader(${role}, '{1}')`;

    const own = await db`select * from report_response_times(report_filter(organization => '1'))`;
    const seen = await as(db, role, (tx) => tx`select * from report_response_times()`);
    const others = await as(
      db,
      role,
      (tx) => tx`select * from report_response_times(report_filter(organization => '2'))`,
    );

    expect(own[0]).toMatchObject({ is_exact: false });
    expect([...seen]).toEqual([...own]);
    expect(others.map(({ count }) => Number(count))).toEqual([0, 0, 0]);
    await expectNoDrift(db);
  });

  test("knows an attached source", async ({ db }) => {
    await db.unsafe(`
      create schema desk;
      create table desk.lines (id bigint primary key, room text, asked text, answer text, "at" timestamptz, answered timestamptz);
      create view desk.said as select id as conversation_id, room as session_id, null::bigint as organization_id, asked as message,
        answer as response, "at" as created_at, answered as responded_at from desk.lines;`);
    await db`select metrics.attach('desk', 'desk.said')`;
    await sortAtMost(db, 0);
    await makeRollupsEager(db, "metrics_desk");
    await db`
      insert into desk.lines
      select n, 'r' || n % 400, 'q', 'a', timestamptz '2025-03-01Z' + n * interval '400 s',
        timestamptz '2025-03-01Z' + n * interval '400.5 s' from generate_series(1, 900) as n`;
    await rollUp(db, "metrics_desk");
    await db`update desk.lines set answered = answered + interval '9 s' where id < 20`;

    expect(await expectWithinOnePercent(db, { source: "desk" })).toBe(false);
    await rollUp(db, "metrics_desk");
    expect(await expectWithinOnePercent(db, { source: "desk" })).toBe(false);
    expect(await db`select * from metrics_desk.conversation_metrics_drift`).toEqual([]);
  });

  test.for([60, 1440])(
    "by damaged ones of %i minutes is found by verify, and healed by repair",
    async (minutes, { db, url }) => {
      await sortAtMost(db, 0);
      await db.unsafe(ANSWERS);
      await rollUp(db);
      await db`
      update metrics.rollups set times[1] = times[1] + 1
      where minutes = ${minutes} and starts_at = (select max(starts_at) from metrics.rollups where minutes = ${minutes})`;

      const verify = await cli(["verify"], { url });
      const repair = await cli(["repair"], { url });

      expect(verify.stdout).toMatch(/rollup/);
      expect(verify.code).toBe(1);
      expect(repair.code).toBe(0);
      await expectWithinOnePercent(db, {});
      await rollUp(db);
      await expectWithinOnePercent(db, {});
      expect((await cli(["verify"], { url })).stdout).toBe("Every number is right.\n");
      await expectNoDrift(db);
    },
  );
});
