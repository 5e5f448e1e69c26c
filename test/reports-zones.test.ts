import fc from "fast-check";
import { describe, expect } from "vitest";
import { test as base } from "./support/database.ts";
import { random, runSeed } from "./support/generators/prng.ts";
import { makeConversations, STRETCH_DAYS, STRETCHES, writeAndArchive } from "./support/reports/conversations.ts";
import { startOf } from "./support/reports/expected.ts";
import { filterSql, iso, read } from "./support/reports/read.ts";

const seed = runSeed();
const conversations = makeConversations(random(seed), 300);
console.log(`Zones of reports: RANDOM_SEED=${seed}`);

const test = base.extend("written", async ({ db }) => {
  await writeAndArchive(db, conversations);
  return db;
});

const ZONES = [
  "UTC",
  "Pacific/Marquesas",
  "Asia/Kolkata",
  "Asia/Kathmandu",
  "Pacific/Chatham",
  "Europe/Berlin",
  "America/New_York",
  "America/Havana",
  "Australia/Lord_Howe",
  "CET",
  "Etc/GMT+11",
];

const HOUR = 3_600_000;
const anywhere = fc
  .record({
    stretch: fc.constantFrom(...STRETCHES),
    hours: fc.integer({ min: 0, max: STRETCH_DAYS * 24 }),
    rest: fc.integer({ min: 0, max: HOUR - 1 }),
  })
  .map(({ stretch, hours, rest }) => stretch + hours * HOUR + rest);

describe("whatever the range and the zone", () => {
  test.for(["daily", "weekly", "monthly"] as const)(
    "the rows of report_%s add up to it and follow each other without a gap",
    {
      timeout: 120_000,
    },
    async (report, { written }) => {
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...ZONES), anywhere, anywhere, async (zone, one, other) => {
          const [from, to] = [Math.min(one, other), Math.max(one, other)];
          const filter = filterSql({ from_time: iso(from), to_time: iso(to), time_zone: zone });

          const rows = await read(
            written,
            `select count(*) as rows, coalesce(sum(p.conversations), 0) as conversations,
             coalesce(sum(p.previous_conversations), 0) = s.previous_conversations
               and coalesce(sum(p.total_tokens), 0) = s.total_tokens and coalesce(sum(p.leads), 0) = s.leads as adds_up,
             coalesce(sum(extract(epoch from p.ends_at - p.starts_at)), 0)::numeric = ${(to - from) / 1000} as fills,
             coalesce(bool_and(p.starts_at < p.ends_at), true) as forward
           from report_summary(${filter}) as s left join report_${report}(${filter}) as p on true
           group by s.previous_conversations, s.total_tokens, s.leads`,
          );

          const conversationsThere = conversations.filter((c) => startOf(c) >= from && startOf(c) < to).length;
          expect(rows).toMatchObject([
            { conversations: conversationsThere, adds_up: true, fills: true, forward: true },
          ]);
        }),
        { numRuns: 40, seed },
      );
    },
  );

  test("report_hours adds up to it", async ({ written }) => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...ZONES), anywhere, anywhere, async (zone, one, other) => {
        const [from, to] = [Math.min(one, other), Math.max(one, other)];
        const filter = filterSql({ from_time: iso(from), to_time: iso(to), time_zone: zone });

        const rows = await read(written, `select sum(conversations) as conversations from report_hours(${filter})`);

        expect(rows).toEqual([
          { conversations: conversations.filter((c) => startOf(c) >= from && startOf(c) < to).length },
        ]);
      }),
      { numRuns: 20, seed },
    );
  });
});

describe("every time zone that the server knows", () => {
  const KNOWN =
    "select name from pg_timezone_names where name not in ('Factory', 'localtime', 'posixrules') and name !~ '^(posix|right)/'";

  test("is known in any case, and has the offsets of its own name", { timeout: 120_000 }, async ({ db }) => {
    // SET TIME ZONE takes a name for a zone first, at time zone for an abbreviation.
    const zones = await db.unsafe<{ name: string }[]>(KNOWN);
    expect(zones.length).toBeGreaterThan(400);

    const differ = await db.begin(async (tx) => {
      const found: string[] = [];
      for (const { name } of zones) {
        await tx`select set_config('timezone', ${name}, true)`;
        const [row] = await tx`
          select bool_and(at::timestamp = at at time zone zone) as same
          from generate_series(timestamptz '2025-01-01Z', '2025-12-31Z', '7 days') as at,
            metrics.known_zone(lower(${name})) as zone`;
        if (row?.same !== true) found.push(name);
      }
      return found;
    });

    expect(differ).toEqual([]);
  });

  test("has days that begin where its clocks begin to show them", { timeout: 120_000 }, async ({ db }) => {
    const wrong = await read(
      db,
      `select z.name, d.day from (${KNOWN}) as z, metrics.known_zone(z.name) as zone,
         lateral (
           select day::date, metrics.day_start(day::date, zone) as starts_at
           from generate_series(timestamp '2011-12-01', '2012-01-31', '1 day') as day
           union all
           select day::date, metrics.day_start(day::date, zone) from generate_series(timestamp '2025-01-01', '2025-12-31', '1 day') as day
         ) as d
       where not ((d.starts_at at time zone zone)::date >= d.day
         and ((d.starts_at - interval '1 microsecond') at time zone zone)::date < d.day)`,
    );

    expect(wrong).toEqual([]);
  });
});
