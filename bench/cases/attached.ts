import type { Bench, Case } from "../case.ts";
import { expectExact, type Template } from "../databases.ts";
import { count, micros, ratio } from "../format.ts";
import { drive, type LoadResult, type Step } from "../load/drive.ts";
import { readBenchSql } from "../read-sql.ts";
import { interleave, ratioOf } from "../rounds.ts";
import { median } from "../statistics.ts";
import { exchanges, loaded } from "../templates.ts";
import { prepare } from "../workloads/prepare.ts";
import { sessionPicker } from "../workloads/sessions.ts";
import { ANSWER, QUESTION } from "../workloads/texts.ts";
import * as workloads from "../workloads/workloads.ts";

const CONNECTIONS = 8;
const DEPTH = 4;
const TARGET = 0.8;

// Chats that no exchange is in yet: enough for the sessions that begin during the longest window.
const EMPTY_CHATS = 100_000;

const VARIANTS = ["default, plain", "default", "attached, plain", "attached"] as const;
type Variant = (typeof VARIANTS)[number];

/** The same exchanges through a mapping view of one join. */
export const attached: Case = {
  name: "attached",
  summary: "single-row writes to an application's own tables, by a mapping view of one join",
  run: async (bench) => {
    const { scale, progress } = bench;
    const results: Record<Variant, LoadResult[]> = {
      "default, plain": [],
      default: [],
      "attached, plain": [],
      attached: [],
    };
    const samples = await interleave(scale.rounds, VARIANTS, async (variant, round) => {
      const result = await measure(bench, variant);
      results[variant].push(result);
      progress(`attached, round ${round + 1}, ${variant}: ${count(result.perSecond)}/s`);
      return result.perSecond;
    });
    const toDefault = ratioOf(samples("attached"), samples("default"));
    return [
      {
        title: "Single-row writes to attached tables",
        about:
          `${count(scale.sessions)} sessions of ${scale.rowsPerSession} rows loaded; ${CONNECTIONS} connections with ${DEPTH} statements ` +
          "on the way each, every statement a transaction of its own. The attached table has a foreign key to the chats that its mapping " +
          'view joins; "plain" is the same table without triggers.',
        columns: ["variant", "writes/s", "of the default tables", "of its own plain", "server CPU per write"],
        rows: VARIANTS.map((variant) => [
          variant,
          count(median(samples(variant))),
          ratio(ratioOf(samples(variant), samples("default"))),
          ratio(
            ratioOf(samples(variant), samples(variant.startsWith("attached") ? "attached, plain" : "default, plain")),
          ),
          micros(median(results[variant].map((result) => result.serverCpuMs))),
        ]),
        verdicts: [
          {
            work: "single-row writes to attached tables, a mapping view of one join",
            target: `at least ${TARGET} of the default tables`,
            measured: ratio(toDefault),
            met: toDefault.median >= TARGET,
          },
        ],
      },
    ];
  },
};

function measure({ scale, databases, server }: Bench, variant: Variant): Promise<LoadResult> {
  const { sessions, rowsPerSession } = scale;
  const pick = sessionPicker({ sessions, writers: CONNECTIONS * DEPTH, newSessions: workloads.exchanges.newSessions });
  const isAttached = variant.startsWith("attached");
  const isPlain = variant.endsWith("plain");
  const step: Step = async (connection, writer) => {
    await connection.run("exchange", [pick(writer).id, QUESTION, ANSWER]);
    return 1;
  };
  const work = isAttached
    ? { statements: { exchange: readBenchSql("attached/exchange.sql") }, step }
    : prepare(workloads.exchanges, "engine", pick);
  const template = (isAttached ? shop : loaded)(sessions * rowsPerSession, sessions);
  return databases.withClone(template, isPlain ? "without triggers" : "with the engine", async ({ sql, url }) => {
    if (isAttached && isPlain) await sql`select metrics_shop.drop_triggers()`;
    const result = await drive({
      ...work,
      ...{ url, connections: CONNECTIONS, depth: DEPTH, isLocal: server.isLocal },
      ...{ warmUpMs: scale.warmUpMs, windowMs: scale.windowMs },
    });
    if (variant === "default") await expectExact(sql, variant);
    if (variant === "attached") await expectExact(sql, variant, "metrics_shop");
    return result;
  });
}

/** The same rows as in the default tables, and chats for those to come. */
function shop(rows: number, sessions: number): Template {
  return {
    name: "shop",
    prepare: async (sql) => {
      await sql.unsafe(readBenchSql("attached/tables.sql"));
      await sql`
        insert into shop.chats (id, tenant, widget, customer)
        select 'session-' || lpad(n::text, 10, '0'), 1 + n % 50, n % 10, n from generate_series(1, ${sessions + EMPTY_CHATS}::int) as n`;
      await sql.unsafe(`
        insert into shop.exchanges (chat, question, answer, asked_at, answered_at)
        select session_id, message, response, created_at, responded_at from (${exchanges(rows, sessions)}) as e`);
      await sql`analyze`;
      await sql`select metrics.attach('shop', 'shop.metrics_messages')`;
    },
  };
}
