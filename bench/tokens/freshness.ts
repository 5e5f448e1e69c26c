import { setTimeout as sleep } from "node:timers/promises";
import type { Sql } from "../../src/database.ts";
import type { Bench, Section } from "../case.ts";
import { count, seconds } from "../format.ts";
import { EMPTY } from "../templates.ts";
import { readTexts } from "./corpus.ts";
import { besideWorker } from "./worker.ts";

const MESSAGES = 1000;
const EVERY_MS = 5;
const LONG_TEXT = 1_000_000;
const TARGET_MS = 2000;
const LONGEST_MS = 60_000;

type Waited = { is_long: boolean; median: number; slowest: number };

/** How long messages stay estimates, while one of a megabyte is among them. */
export function measureFreshness(bench: Bench): Promise<Section> {
  bench.progress("freshness");
  return bench.databases.withClone(EMPTY, "with the engine", ({ sql, url }) =>
    besideWorker(url, async () => {
      await write(sql);
      const waited = await whenCounted(sql);
      const [short, long] = [waited.find((row) => !row.is_long), waited.find((row) => row.is_long)];
      if (short === undefined || long === undefined) throw new Error("There is nothing to measure.");
      return {
        title: "How long a message stays an estimate",
        about:
          `${count(MESSAGES)} messages, one every ${EVERY_MS} ms, and after the first hundred one of ${count(LONG_TEXT)} equal characters, ` +
          "with one worker. From the start of the transaction that writes a message to the write-back of its count.",
        columns: ["messages", "median", "slowest"],
        rows: [
          [`the ${count(MESSAGES)} ordinary ones`, seconds(short.median), seconds(short.slowest)],
          ["the long one", seconds(long.median), seconds(long.slowest)],
        ],
        verdicts: [
          verdict(`a message of ${count(LONG_TEXT)} equal characters is exact`, long.slowest),
          verdict(`the slowest of ${count(MESSAGES)} ordinary messages beside it is exact`, short.slowest),
        ],
      };
    }),
  );
}

function verdict(work: string, ms: number) {
  return { work, target: `within ${seconds(TARGET_MS)}`, measured: seconds(ms), met: ms <= TARGET_MS };
}

async function write(sql: Sql): Promise<void> {
  const texts = readTexts();
  for (let n = 0; n < MESSAGES; n += 1) {
    if (n === 100) await insert(sql, "long", "x".repeat(LONG_TEXT));
    await insert(sql, `s${n % 50}`, texts[n % texts.length] ?? "");
    await sleep(EVERY_MS);
  }
}

async function insert(sql: Sql, session: string, message: string): Promise<void> {
  await sql`insert into conversations (session_id, message) values (${session}, ${message})`;
}

async function whenCounted(sql: Sql): Promise<Waited[]> {
  const begin = performance.now();
  for (;;) {
    const [left] = await sql`select from metrics.messages where prompt_source = 'estimate' limit 1`;
    if (left === undefined) break;
    if (performance.now() - begin > LONGEST_MS) throw new Error("The worker does not count.");
    await sleep(50);
  }
  return sql<Waited[]>`
    select
      c.session_id = 'long' as is_long,
      percentile_cont(0.5) within group (order by waited.ms) as median,
      max(waited.ms) as slowest
    from metrics.messages as l
    join conversations as c on c.id = l.conversation_id
    cross join lateral (select 1000 * extract(epoch from l.counted_at - c.created_at)::float8 as ms) as waited
    group by is_long`;
}
