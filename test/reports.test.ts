import { describe, expect } from "vitest";
import { test as base } from "./support/database.ts";
import { random, runSeed } from "./support/generators/prng.ts";
import { expectNoDrift } from "./support/oracle.ts";
import { addDays, clocks, monthOf, startOfDay, weekOf } from "./support/reports/clocks.ts";
import { type Conversation, makeConversations, writeAndArchive } from "./support/reports/conversations.ts";
import { answersOf, endOf, figuresOf, mean, percentile, startOf } from "./support/reports/expected.ts";
import { expectFigures, filterSql, iso, read } from "./support/reports/read.ts";

const seed = runSeed();
const conversations = makeConversations(random(seed), 400);
console.log(`Reports: RANDOM_SEED=${seed}`);

const test = base.extend("written", async ({ db }) => {
  await writeAndArchive(db, conversations);
  return db;
});

const within = (from: number, to: number) => (c: Conversation) => startOf(c) >= from && startOf(c) < to;

// A zone, the first day, and the days after the last: each with a day of 23, 25, 23.5 or 24.5 hours in it, or none.
const RANGES = [
  ["UTC", "2025-03-28", 5],
  ["Europe/Berlin", "2025-03-28", 4],
  ["Europe/Berlin", "2025-10-24", 7],
  ["Europe/Berlin", "2025-10-27", 3],
  ["America/New_York", "2025-10-30", 5],
  ["America/Havana", "2025-10-31", 4],
  ["Asia/Kolkata", "2025-03-30", 6],
  ["Asia/Kathmandu", "2025-03-30", 6],
  ["Australia/Lord_Howe", "2025-04-02", 6],
  ["Pacific/Marquesas", "2025-04-02", 4],
  ["Pacific/Chatham", "2025-04-02", 6],
] as const;

describe("report_summary", () => {
  test.for(RANGES)(
    "has the figures of whole days in %s from %s, and as many days before beside them",
    async ([zone, day, days], { written }) => {
      const [from, to] = [startOfDay(day, zone), startOfDay(addDays(day, days), zone)];
      const before = startOfDay(addDays(day, -days), zone);

      const [row] = await read(
        written,
        `select * from report_summary(${filterSql({ from_time: iso(from), to_time: iso(to), time_zone: zone })})`,
      );

      expectFigures(row, figuresOf(conversations.filter(within(from, to))));
      expectFigures(row, figuresOf(conversations.filter(within(before, from))), "previous_");
      expect(Date.parse(String(row?.previous_from_time))).toBe(before);
    },
  );

  test("compares a range that is not of whole days with the same duration before it", async ({ written }) => {
    const from = Date.UTC(2025, 9, 26, 0, 30);
    const to = from + 31 * 3_600_000;

    const [row] = await read(
      written,
      `select * from report_summary(${filterSql({ from_time: iso(from), to_time: iso(to), time_zone: "Europe/Berlin" })})`,
    );

    expectFigures(row, figuresOf(conversations.filter(within(from, to))));
    expectFigures(row, figuresOf(conversations.filter(within(from - (to - from), from))), "previous_");
  });

  test("compares a range that only begins with a day with the same duration before it", async ({ written }) => {
    const from = Date.UTC(2025, 2, 30);
    const to = from + 36 * 3_600_000;
    const before = from - 36 * 3_600_000;

    const [ends] = await read(
      written,
      `select * from report_summary(${filterSql({ from_time: iso(from), to_time: iso(to) })})`,
    );
    const [begins] = await read(
      written,
      `select * from report_summary(${filterSql({ from_time: iso(before), to_time: iso(from) })})`,
    );

    expectFigures(ends, figuresOf(conversations.filter(within(before, from))), "previous_");
    expectFigures(begins, figuresOf(conversations.filter(within(before - (from - before), before))), "previous_");
    expect([ends?.previous_from_time, begins?.previous_from_time].map((at) => Date.parse(String(at)))).toEqual([
      before,
      before - (from - before),
    ]);
  });

  test("reads an infinite bound as none where it lets all through, else as that of nothing", async ({ written }) => {
    const counts = await read(
      written,
      `select
         (select conversations from report_summary(report_filter(from_time => '-infinity', to_time => 'infinity'))) as everything,
         (select previous_from_time from report_summary(report_filter(from_time => '-infinity', to_time => now()))) as before,
         (select conversations from report_summary(report_filter(from_time => 'infinity'))) as never_begun,
         (select conversations from report_summary(report_filter(to_time => '-infinity'))) as long_over,
         (select count(*) from report_daily(report_filter(to_time => '-infinity'))) as days`,
    );

    expect(counts).toEqual([{ everything: conversations.length, before: null, never_begun: 0, long_over: 0, days: 0 }]);
  });

  test("counts what starts at from_time and has the tokens of a limit, and not what starts at to_time", async ({
    written,
  }) => {
    const [first, second] = conversations.toSorted((a, b) => startOf(a) - startOf(b)).slice(50);
    if (first === undefined || second === undefined) throw new Error("There are too few conversations.");
    const tokens = figuresOf([first]).total_tokens;
    const filter = { from_time: iso(startOf(first)), to_time: iso(startOf(second)) };

    const [row] = await read(
      written,
      `select * from report_summary(${filterSql({ ...filter, min_tokens: tokens, max_tokens: tokens })})`,
    );

    const [whole] = await read(written, `select * from report_summary(${filterSql(filter)})`);

    expect(startOf(second)).toBeGreaterThan(startOf(first));
    expectFigures(row, figuresOf([first]));
    expectFigures(whole, figuresOf([first]));
  });

  test("without both bounds counts all and has no previous period", async ({ written }) => {
    const [row] = await read(written, "select * from report_summary()");

    expectFigures(row, figuresOf(conversations));
    expect(row).toMatchObject({ previous_conversations: null, previous_total_tokens: null, previous_from_time: null });
    await expectNoDrift(written);
  });

  // Of a conversation that there is, whatever the seed: of 168 hours of the week some may have none.
  const [one] = conversations;
  if (one === undefined) throw new Error("There are no conversations.");
  const { weekday, hour } = clocks(startOf(one), "Asia/Kathmandu");
  const FILTERS: [Record<string, string | number | boolean>, (c: Conversation) => boolean][] = [
    [{ organization: 2 }, (c) => c.organization === 2],
    [{ no_organization: true }, (c) => c.organization === null],
    [{ widget: 11 }, (c) => c.widget === 11],
    [{ user_id: 100 }, (c) => c.user === 100],
    [{ has_lead: true }, (c) => c.leads.length > 0],
    [{ has_lead: false }, (c) => c.leads.length === 0],
    [{ min_tokens: 500 }, (c) => figuresOf([c]).total_tokens >= 500],
    [
      { max_tokens: 500, min_tokens: 20 },
      (c) => figuresOf([c]).total_tokens <= 500 && figuresOf([c]).total_tokens >= 20,
    ],
    [{ min_satisfaction: 3 }, (c) => (mean(c.ratings) ?? 0) >= 3],
    [{ max_satisfaction: 2.5 }, (c) => (mean(c.ratings) ?? 9) <= 2.5],
    [{ weekday: 3 }, (c) => clocks(startOf(c), "UTC").weekday === 3],
    [
      { weekday, hour, time_zone: "Asia/Kathmandu" },
      (c) => {
        const at = clocks(startOf(c), "Asia/Kathmandu");
        return at.weekday === weekday && at.hour === hour;
      },
    ],
    [
      { organization: 1, widget: 10, has_lead: true },
      (c) => c.organization === 1 && c.widget === 10 && c.leads.length > 0,
    ],
  ];
  test.for(FILTERS)("filtered by %o counts those alone", async ([filter, passes], { written }) => {
    const [row] = await read(written, `select * from report_summary(${filterSql(filter)})`);

    expect(conversations.filter(passes).length).toBeGreaterThan(0);
    expectFigures(row, figuresOf(conversations.filter(passes)));
  });

  test("of nothing is zeros, and NULL for what would be an average", async ({ db }) => {
    const [row] = await read(db, "select * from report_summary()");

    expectFigures(row, figuresOf([]));
  });
});

describe("days, weeks and months", () => {
  const UNITS = [
    ["report_daily", "day", (day: string) => day],
    ["report_weekly", "week", weekOf],
    ["report_monthly", "month", monthOf],
  ] as const;

  test.for(RANGES)(
    "in %s from %s are those of the clocks there, each with its like before",
    async ([zone, day, days], { written }) => {
      const [from, to] = [startOfDay(day, zone), startOfDay(addDays(day, days), zone)];
      const before = startOfDay(addDays(day, -days), zone);
      const filter = filterSql({ from_time: iso(from), to_time: iso(to), time_zone: zone });
      const dayOf = (c: Conversation) => clocks(startOf(c), zone).day;
      const all = Array.from({ length: days }, (_, n) => addDays(day, n));

      for (const [report, unit, periodOf] of UNITS) {
        const rows = await read(written, `select * from ${report}(${filter})`);

        expect(rows.map((row) => row[unit])).toEqual([...new Set(all.map(periodOf))]);
        for (const row of rows) {
          const inRow = (c: Conversation) => periodOf(dayOf(c)) === row[unit];
          const likeRow = (c: Conversation) => periodOf(addDays(dayOf(c), days)) === row[unit];
          expectFigures(row, figuresOf(conversations.filter(within(from, to)).filter(inRow)));
          const {
            conversations: count,
            messages,
            total_tokens,
            leads,
            conversion_rate,
          } = figuresOf(conversations.filter(within(before, from)).filter(likeRow));
          expectFigures(row, { conversations: count, messages, total_tokens, leads, conversion_rate }, "previous_");
        }
      }
    },
  );

  test.for([
    ["Europe/Berlin", "2025-03-30", 23],
    ["Europe/Berlin", "2025-10-26", 25],
    ["Australia/Lord_Howe", "2025-04-06", 24.5],
    ["Australia/Lord_Howe", "2025-10-05", 23.5],
    ["America/Havana", "2025-11-02", 25],
    ["America/Sao_Paulo", "2018-11-04", 23],
    ["Asia/Kolkata", "2025-03-30", 24],
  ] as const)("a day in %s, %s, has %d hours", async ([zone, day, hours], { db }) => {
    const [from, to] = [Date.parse(`${day}T00:00Z`) - 86_400_000, Date.parse(`${day}T00:00Z`) + 2 * 86_400_000];

    const [row] = await read(
      db,
      `select extract(epoch from ends_at - starts_at) / 3600 as hours
       from report_daily(${filterSql({ from_time: iso(from), to_time: iso(to), time_zone: zone })}) where day = '${day}'`,
    );

    expect(row).toEqual({ hours });
  });

  test("a day that a zone left out is not there", async ({ db }) => {
    const filter = filterSql({ from_time: "2011-12-28Z", to_time: "2012-01-02Z", time_zone: "Pacific/Apia" });

    const rows = await read(db, `select day from report_daily(${filter})`);

    expect(rows.map(({ day }) => day)).toEqual([
      "2011-12-27",
      "2011-12-28",
      "2011-12-29",
      "2011-12-31",
      "2012-01-01",
      "2012-01-02",
    ]);
  });

  test("without bounds reach from the first conversation to the last, and those of unknown start have a row", async ({
    db,
  }) => {
    await db`insert into conversations (session_id, message, created_at) values ('a', 'hi', '2025-01-01Z'),
      ('b', 'hi', '2025-01-04Z'), ('c', 'hi', 'infinity')`;

    const rows = await read(db, "select day, conversations from report_daily()");

    expect(rows).toEqual([
      { day: "2025-01-01", conversations: 1 },
      { day: "2025-01-02", conversations: 0 },
      { day: "2025-01-03", conversations: 0 },
      { day: "2025-01-04", conversations: 1 },
      { day: null, conversations: 1 },
    ]);
    await expectNoDrift(db);
  });
});

test("report_hours counts by weekday and hour on the clocks of the zone", async ({ written }) => {
  const zone = "Asia/Kathmandu";
  const [from, to] = [startOfDay("2025-03-31", zone), startOfDay("2025-04-07", zone)];
  const before = startOfDay("2025-03-24", zone);

  const rows = await read(
    written,
    `select * from report_hours(${filterSql({ from_time: iso(from), to_time: iso(to), time_zone: zone })})`,
  );

  expect(rows).toHaveLength(168);
  for (const row of rows) {
    const at = (c: Conversation) => {
      const { weekday, hour } = clocks(startOf(c), zone);
      return weekday === row.weekday && hour === row.hour;
    };
    const {
      conversations: count,
      messages,
      total_tokens,
    } = figuresOf(conversations.filter(within(from, to)).filter(at));
    expectFigures(row, { conversations: count, messages, total_tokens });
    expect(row.previous_conversations).toBe(conversations.filter(within(before, from)).filter(at).length);
  }
});

test("report_response_times has the exact percentiles of answers, conversations and durations", async ({ written }) => {
  const [from, to] = [Date.UTC(2025, 2, 30), Date.UTC(2025, 3, 4)];
  const seconds = (chosen: Conversation[]) => ({
    answer: chosen.flatMap(answersOf).map((ms) => ms / 1000),
    conversation: chosen.flatMap((c) => mean(answersOf(c)) ?? []).map((ms) => ms / 1000),
    duration: chosen.map((c) => (endOf(c) - startOf(c)) / 1000),
  });
  const describeAll = (values: number[]) => ({
    count: values.length,
    average: mean(values),
    p50: percentile(values, 0.5),
    p90: percentile(values, 0.9),
    p95: percentile(values, 0.95),
    p99: percentile(values, 0.99),
  });

  const rows = await read(
    written,
    `select * from report_response_times(${filterSql({ from_time: iso(from), to_time: iso(to) })})`,
  );

  const current = seconds(conversations.filter(within(from, to)));
  const previous = seconds(conversations.filter(within(from - (to - from), from)));
  expect(rows.map((row) => row.measure)).toEqual(["answer", "conversation", "duration"]);
  for (const [n, measure] of (["answer", "conversation", "duration"] as const).entries()) {
    expectFigures(rows[n], describeAll(current[measure]));
    expectFigures(rows[n], describeAll(previous[measure]), "previous_");
  }
});

test("report_satisfaction counts ratings and conversations by value", async ({ written }) => {
  const [from, to] = [Date.UTC(2025, 2, 30), Date.UTC(2025, 3, 4)];
  const count = (chosen: Conversation[], rating: number) => {
    const ratings = chosen.flatMap((c) => c.ratings);
    const equal = ratings.filter((value) => value === rating).length;
    return {
      ratings: equal,
      share: equal / ratings.length,
      conversations: chosen.filter((c) => Math.round(mean(c.ratings) ?? 0) === rating).length,
    };
  };

  const rows = await read(
    written,
    `select * from report_satisfaction(${filterSql({ from_time: iso(from), to_time: iso(to) })})`,
  );

  expect(rows).toHaveLength(5);
  for (const [n, row] of rows.entries()) {
    expect(row.rating).toBe(n + 1);
    expectFigures(row, count(conversations.filter(within(from, to)), n + 1));
    expectFigures(row, count(conversations.filter(within(from - (to - from), from)), n + 1), "previous_");
  }
});
