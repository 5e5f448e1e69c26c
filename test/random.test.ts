import type { ReservedSql } from "postgres";
import { expect } from "vitest";
import type { Sql } from "../src/database.ts";
import { test } from "./support/database.ts";
import { type Random, random, runSeed } from "./support/generators/prng.ts";
import { run, transaction } from "./support/generators/transactions.ts";
import { driftOf } from "./support/oracle.ts";
import { populate } from "./support/population.ts";

// RANDOM_SEED replays a failure: to the statement with one connection, in the statements but not in their exact
// interleaving with several. RANDOM_STATEMENTS sets the volume.
const seed = runSeed();
const volume = Number(process.env.RANDOM_STATEMENTS || 10_000);
const workers = 5;
const timeout = 60_000 + volume * 60;

/** Runs transactions until about so many statements are done; `log` gets what was run. */
const work = async (sql: ReservedSql, r: Random, statements: number, most: number, log: string[]) => {
  for (let done = 0; done < statements; ) {
    const next = transaction(r, most);
    done += next.steps.length;
    const outcome = await run(sql, next);
    log.push(`${outcome}: ${JSON.stringify(next)}`);
  }
};

// Deadlocks of opposite transactions are a part of the test: they need not wait a second each. A hang is an error, and
// what PL/pgSQL can be told to refuse is refused.
const reserve = async (sql: Sql) => {
  const connection = await sql.reserve();
  await connection.unsafe(
    "set deadlock_timeout = '10ms'; set statement_timeout = '30s'; set plpgsql.extra_errors = 'all'",
  );
  return connection;
};

const keepSmall = async (sql: Sql) => {
  await sql`delete from conversations where (select count(*) from conversations) > 1500 and id % 3 > 0`;
  await sql`delete from leads where (select count(*) from leads) > 300 and id % 3 > 0`;
  await sql`delete from feedback where (select count(*) from feedback) > 300 and id % 3 > 0`;
};

/** Runs one batch; on any failure says how to run it again, and what was run last. */
const replayable = async (log: string[], batch: () => Promise<string[]>) => {
  const replay = () =>
    `replay: RANDOM_SEED=${seed} RANDOM_STATEMENTS=${volume}; last run:\n${log.slice(-40).join("\n")}`;
  const drift = await batch().catch((error: unknown) => {
    throw new Error(`${String(error)}\n${replay()}`, { cause: error });
  });
  expect(drift.slice(0, 20), replay()).toEqual([]);
};

test("random writes in one connection leave no difference", { timeout }, async ({ db }) => {
  await populate(db);
  const connection = await reserve(db);
  const r = random(seed);
  const log: string[] = [];

  for (let done = 0; done < volume / 4; done += 25) {
    await replayable(log, async () => {
      await work(connection, r, 25, 8, log);
      return driftOf(db);
    });
    await keepSmall(db);
  }

  connection.release();
});

test("random writes in several connections leave no difference, and show none meanwhile", { timeout }, async ({
  db,
  connect,
}) => {
  await populate(db);
  const pool = connect({ max: workers });
  const connections = await Promise.all(Array.from({ length: workers }, () => reserve(pool)));
  const sources = connections.map((connection, n) => ({ connection, r: random(seed + 1 + n) }));
  const log: string[] = [];

  for (let done = 0; done < (volume * 3) / 4; done += workers * 40) {
    await replayable(log, async () => {
      const working = Promise.all(sources.map(({ connection, r }) => work(connection, r, 40, 5, log)));
      const meanwhile = await driftOf(db);
      await working;
      return [...meanwhile.map((line) => `meanwhile: ${line}`), ...(await driftOf(db))];
    });
    await keepSmall(db);
  }

  expect(log.some((line) => line.startsWith("40001"))).toBe(true); // else nothing was really at once
  for (const connection of connections) connection.release();
});
