import { setTimeout as sleep } from "node:timers/promises";
import { pino } from "pino";
import type { Sql } from "../../src/database.ts";
import { createTokenCounter, type TokenCounter } from "../../src/tokens/counter.ts";
import { startWorker, type Worker, type WorkerOptions } from "../../src/worker/worker.ts";
import { test as withDatabase } from "./database.ts";

const PATIENCE_MS = 20_000;
const LOOK_EVERY_MS = 10;

/** A worker in the test's own process, and the lines that it logged. */
export type TestWorker = Worker & { lines: string[] };

/** How a test starts one. */
export type StartWorker = (options?: Omit<WorkerOptions, "databaseUrl" | "log">) => Promise<TestWorker>;

/** Starts workers on a database. */
export const workersOn = (url: string, onStart: (worker: Worker) => void): StartWorker => {
  return async (options) => {
    const lines: string[] = [];
    const log = pino({ level: "trace", base: null }, { write: (line) => lines.push(line) });
    const worker = await startWorker({ databaseUrl: url, log, ...options });
    onStart(worker);
    return { ...worker, lines };
  };
};

/** A test with a database of its own; what `start` starts ends before the database does. */
export const test = withDatabase.extend("start", ({ url }, { onCleanup }): StartWorker => {
  const workers: Worker[] = [];
  onCleanup(async () => {
    await Promise.all(workers.map((worker) => worker.stop()));
  });
  return workersOn(url, (worker) => workers.push(worker));
});

/** Waits until a query returns a row whose only column is true. */
export const until = async (db: Sql, what: string, patience = PATIENCE_MS): Promise<void> => {
  const end = performance.now() + patience;
  for (;;) {
    const [row] = await db.unsafe(`select (${what}) as done`);
    if (row?.done) return;
    if (performance.now() > end) throw new Error(`It did not come true within ${patience} ms: ${what}`);
    await sleep(LOOK_EVERY_MS);
  }
};

/** That nothing is an estimate any more. */
export const NO_ESTIMATES =
  "not exists (select from metrics.messages where 'estimate' in (prompt_source, completion_source))";

/** That no batch is made and not finished. */
export const NO_BATCHES = "not exists (select from metrics.token_batches)";

/** Waits until every message that can be is counted exactly. */
export const untilCounted = (db: Sql, patience?: number): Promise<void> =>
  until(db, `${NO_ESTIMATES} and ${NO_BATCHES}`, patience);

/** The counter, with something done before each text is counted. */
export const counterWith = (before: (text: string) => void | Promise<void>): TokenCounter => {
  const counter = createTokenCounter();
  return {
    count: async (encoding, text) => {
      await before(text);
      return counter.count(encoding, text);
    },
    close: counter.close,
  };
};

/** A counter that stops at a text until it is let go on. */
export const holdingCounter = (held: string) => {
  const reached = Promise.withResolvers<void>();
  const going = Promise.withResolvers<void>();
  const counter = counterWith(async (text) => {
    if (text !== held) return;
    reached.resolve();
    await going.promise;
  });
  return { counter, reached: reached.promise, goOn: going.resolve };
};
