import type { Sql } from "../../src/database.ts";
import type { Bench, Case, Section } from "../case.ts";
import { expectExact, type Template } from "../databases.ts";
import { count, micros, ratio, seconds } from "../format.ts";
import { drive } from "../load/drive.ts";
import { readBenchSql } from "../read-sql.ts";
import { exportInProcess } from "../reports/http.ts";
import { interleave, ratioOf } from "../rounds.ts";
import { median } from "../statistics.ts";
import { loaded } from "../templates.ts";
import { prepare } from "../workloads/prepare.ts";
import { sessionPicker } from "../workloads/sessions.ts";
import { exchanges } from "../workloads/workloads.ts";

const OF_METRICS = 1 / 50;
const OF_MESSAGES = 1 / 500;
const MOST_GROWTH = 1.25;
const DEEPER = 1.5;
const CONNECTIONS = 8;
const DEPTH = 4;

/** Reports over many sessions of one organization, and what their rollups cost a write. */
export const reports: Case = {
  name: "reports",
  summary: "days of 90 days, pages and an export over the sessions of one organization; what rollups cost a write",
  run: async (bench) => [
    ...(await bench.databases.withClone(tenant(bench.scale.reportSessions), "with the engine", async ({ sql, url }) => {
      // One connection: another of the pool's would read the catalogs again in its first round.
      const one = await sql.reserve();
      const sections = [
        await measureDays(bench, one),
        await measurePercentiles(bench, one),
        await measurePages(bench, one),
      ];
      one.release();
      return [...sections, await measureExport(bench, url)];
    })),
    await measureNotes(bench),
  ],
};

/** Sessions of one organization, rolled up. */
function tenant(sessions: number): Template {
  return {
    name: "tenant",
    prepare: async (sql) => {
      await sql.unsafe(readBenchSql("reports/sessions.sql").replaceAll("$1", String(sessions)));
      await sql`analyze`;
      for (let isDone = false; !isDone; ) {
        const [step] = await sql<[{ is_done: boolean; built_to: Date | null }]>`
          select is_done, nullif(built_to, '-infinity') as built_to from metrics.roll_up()`;
        isDone = step.is_done && step.built_to !== null;
      }
      await expectExact(sql, "rollups");
    },
  };
}

const time = async (work: () => Promise<unknown>): Promise<number> => {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
};

async function measureDays({ scale, progress }: Bench, sql: Sql): Promise<Section> {
  const [range] = await sql<[{ from: Date; to: Date }]>`
    select date_trunc('day', now(), 'UTC') - interval '89 days' as from, date_trunc('day', now(), 'UTC') + interval '1 day' as to`;
  const ways = {
    report_daily: (from: Date, to: Date) =>
      sql`select * from report_daily(report_filter(organization => '1', from_time => ${from}, to_time => ${to}))`,
    conversation_metrics: (from: Date, to: Date) => sql.unsafe(readBenchSql("reports/by-metrics.sql"), [from, to]),
    conversations: (from: Date, to: Date) => sql.unsafe(readBenchSql("reports/by-messages.sql"), [from, to]),
  };
  const names = Object.keys(ways) as (keyof typeof ways)[];
  for (const name of names) await ways[name](range.from, range.to); // What is read is in memory then.
  const samples = await interleave(scale.longRounds, names, async (name, round) => {
    const ms = await time(() => ways[name](range.from, range.to));
    progress(`days, round ${round + 1}, ${name}: ${ms.toFixed(1)} ms`);
    return ms;
  });
  const toMetrics = ratioOf(samples("report_daily"), samples("conversation_metrics"));
  const toMessages = ratioOf(samples("report_daily"), samples("conversations"));
  const verdict = (of: string, target: number, measured: typeof toMetrics) => ({
    work: `90 days of ${count(scale.reportSessions)} sessions, by rollups`,
    target: `at most 1/${Math.round(1 / target)} of the same from ${of}`,
    measured: `1/${Math.round(1 / measured.median)}`,
    met: measured.median <= target,
  });
  return {
    title: "Reports: days of 90 days",
    about:
      `${count(scale.reportSessions)} sessions of one organization, two exchanges each. report_daily has the days of the previous 90 days ` +
      "beside them, and reads the sessions of the last hours themselves; the others are hand-written queries of the same sums, without.",
    columns: ["way", "time"],
    rows: names.map((name) => [name, `${median(samples(name)).toFixed(1)} ms`]),
    verdicts: [
      verdict("conversation_metrics", OF_METRICS, toMetrics),
      verdict("conversations", OF_MESSAGES, toMessages),
    ],
  };
}

async function measurePercentiles({ scale, progress }: Bench, sql: Sql): Promise<Section> {
  // The least tokens are none: a filter that lets everything through, and that rollups cannot answer.
  const ways = { "from rollups": null, "from the ledger": 0 };
  const names = Object.keys(ways) as (keyof typeof ways)[];
  const read = (name: keyof typeof ways, days: number) => sql`
    select * from report_response_times(report_filter(organization => '1', min_tokens => ${ways[name]},
      from_time => date_trunc('day', now(), 'UTC') - ${days} * interval '24 hours', to_time => date_trunc('day', now(), 'UTC')))`;
  const rows: string[][] = [];
  for (const days of [90, 365]) {
    for (const name of names) await read(name, days);
    const samples = await interleave(scale.longRounds, names, (name) => time(() => read(name, days)));
    for (const name of names) {
      progress(`percentiles of ${days} days ${name}: ${median(samples(name)).toFixed(1)} ms`);
      rows.push([`${days} days`, name, `${median(samples(name)).toFixed(1)} ms`]);
    }
  }
  return {
    title: "Reports: percentiles of response times and durations",
    about: "report_response_times, within 1 % from the rollups and exact from the ledger, with the period before.",
    columns: ["range", "way", "time"],
    rows,
    verdicts: [],
  };
}

async function measurePages({ scale, progress }: Bench, sql: Sql): Promise<Section> {
  const page = (after: string | null) =>
    sql<
      { cursor: string }[]
    >`select * from report_conversations(report_filter(organization => '1'), after => ${after})`;
  // The cursor of a row with nine tenths of the list before it.
  const [place] = await sql<[{ cursor: string }]>`
    select cursor from report_conversations(
      report_filter(organization => '1', to_time => now() - interval '81 days'), page_size => 1)`;
  const cursors = { "the first page": null, "a page with nine tenths before it": place.cursor };
  const names = Object.keys(cursors) as (keyof typeof cursors)[];
  for (const name of names) await page(cursors[name]);
  const samples = await interleave(Math.max(5, scale.rounds), names, (name) => time(() => page(cursors[name])));
  for (const name of names) progress(`${name}: ${median(samples(name)).toFixed(1)} ms`);
  const deeper = median(samples("a page with nine tenths before it")) / median(samples("the first page"));
  return {
    title: "Reports: pages of conversations",
    about: "50 rows of report_conversations, the newest first.",
    columns: ["page", "time"],
    rows: names.map((name) => [name, `${median(samples(name)).toFixed(1)} ms`]),
    verdicts: [
      {
        work: "a page of conversations deep in the list",
        target: `at most ${DEEPER} × the first`,
        measured: deeper.toFixed(2),
        met: deeper <= DEEPER,
      },
    ],
  };
}

async function measureExport({ scale, progress }: Bench, url: string): Promise<Section> {
  const exported = await exportInProcess(url);
  if (exported.lines !== scale.reportSessions + 1) throw new Error(`The export had ${exported.lines} lines.`);
  const mib = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(0)} MiB`;
  progress(`export: ${count(exported.lines)} lines in ${seconds(exported.ms)}, ${mib(exported.most)}`);
  const growth = exported.late / exported.early;
  return {
    title: "Reports: export over HTTP",
    about:
      "GET /api/reports/export as CSV of all sessions; the memory of the server's process, sampled ten times a second.",
    columns: ["lines", "time", "lines/s", "memory in the first tenth", "in the last tenth", "at most"],
    rows: [
      [
        count(exported.lines),
        seconds(exported.ms),
        count((exported.lines / exported.ms) * 1000),
        mib(exported.early),
        mib(exported.late),
        mib(exported.most),
      ],
    ],
    verdicts: [
      {
        work: `memory during an export of ${count(scale.reportSessions)} sessions`,
        target: `in its last tenth at most ${MOST_GROWTH} × that in its first`,
        measured: growth.toFixed(2),
        met: growth <= MOST_GROWTH,
      },
    ],
  };
}

const AGES = ["young", "old"] as const;

async function measureNotes({ scale, databases, server, progress }: Bench): Promise<Section> {
  const pick = sessionPicker({ sessions: scale.sessions, writers: CONNECTIONS * DEPTH, newSessions: 0 });
  const cpu: Record<(typeof AGES)[number], number[]> = { young: [], old: [] };
  const template = loaded(scale.sessions * scale.rowsPerSession, scale.sessions);
  const samples = await interleave(scale.rounds, AGES, (age, round) =>
    databases.withClone(template, "with the engine", async ({ sql, url }) => {
      // By what counts as old: the sessions are the same.
      await sql.unsafe(`
        create or replace function metrics.rollup_delay() returns interval language sql immutable parallel safe
        begin atomic select interval '${age === "old" ? "-1 year" : "100 years"}'; end`);
      const result = await drive({
        ...prepare(exchanges, "engine", pick),
        ...{ url, connections: CONNECTIONS, depth: DEPTH, isLocal: server.isLocal },
        ...{ warmUpMs: scale.warmUpMs, windowMs: scale.windowMs },
      });
      cpu[age].push(result.serverCpuMs);
      progress(`${age} sessions, round ${round + 1}: ${count(result.perSecond)}/s`);
      return result.perSecond;
    }),
  );
  return {
    title: "Rollups: single-row writes to old sessions",
    about:
      "Exchange rows in sessions that began more than an hour ago, whose changes are noted for the rollups, and in younger ones.",
    columns: ["sessions", "writes/s", "of the young", "server CPU per write"],
    rows: AGES.map((age) => [
      age,
      count(median(samples(age))),
      ratio(ratioOf(samples(age), samples("young"))),
      micros(median(cpu[age])),
    ]),
    verdicts: [],
  };
}
