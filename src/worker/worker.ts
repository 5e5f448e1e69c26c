import type { Pool } from "pg";
import { atMost } from "../at-most.ts";
import { asUserError } from "../database-errors.ts";
import { UserError } from "../errors.ts";
import type { Logger } from "../log.ts";
import { createTokenCounter, type TokenCounter } from "../tokens/counter.ts";
import { createAlarm } from "./alarm.ts";
import type { Limits } from "./batches.ts";
import type { BatchDone } from "./count-task.ts";
import { type Generation, type GenerationOptions, startGeneration } from "./generation.ts";
import { createOutages } from "./outages.ts";
import { poll } from "./poll.ts";
import { createPool } from "./pool.ts";

/** Jobs at once in one process: while one counts, others read and write. */
export const CONCURRENCY = 4;

// Enough that no job waits for work, and little enough that a new message is behind a fraction of a second of it.
const LIMITS: Limits = { batches: 12, rows: 1000, tokens: 30_000 };

// A client for each job, and for the poll, the heartbeat, the schedule and LISTEN.
const OTHER_CONNECTIONS = 4;
const LONGEST_END_MS = 2000;

/** What {@link startWorker} needs. */
export type WorkerOptions = {
  databaseUrl: string;
  log: Logger;
  /** Jobs at once; 4 unless told. */
  concurrency?: number | undefined;
  /** Counts the texts; tiktoken unless told. It is closed when the worker stops. */
  counter?: TokenCounter;
  /** Hears of each batch that this worker finished. */
  onBatch?: (done: BatchDone) => void;
};

/** A worker at work. */
export type Worker = {
  /** Finishes the jobs under way, and ends. */
  stop: () => Promise<void>;
};

/**
 * Counts the tokens of messages, and checks sessions, until it is stopped; as many of them as wanted, in
 * as many processes. It outlives restarts of the database. Throws a UserError where the database cannot
 * be reached at the start, or was never migrated.
 */
export async function startWorker(options: WorkerOptions): Promise<Worker> {
  const { databaseUrl, log, concurrency = CONCURRENCY } = options;
  const pool = createPool(databaseUrl, concurrency + OTHER_CONNECTIONS, log);
  const counter = options.counter ?? createTokenCounter();
  const outages = createOutages(log);
  const stopping = new AbortController();
  const { signal } = stopping;
  const alarm = createAlarm(signal);
  const onBatch = (done: BatchDone) => {
    if (isFull(done)) alarm.ring();
    options.onBatch?.(done);
  };
  const context: GenerationOptions = { databaseUrl, pool, log, outages, counter, concurrency, onBatch };
  const close = async () => {
    await atMost(LONGEST_END_MS, Promise.all([pool.end(), counter.close()]));
  };
  try {
    const first = await begin(context);
    const working = Promise.all([
      keepRunning(first, context, signal),
      poll({ pool, outages, alarm, signal, limits: LIMITS }),
    ]);
    const stop = async () => {
      stopping.abort();
      await working;
      await close();
    };
    let stopped: Promise<void> | undefined;
    return { stop: () => (stopped ??= stop()) };
  } catch (error) {
    await close();
    throw asUserError(error);
  }
}

// Then there is more. Where single messages come in, a moment's wait makes one batch of many.
function isFull({ rows, tokens }: BatchDone): boolean {
  return rows * 2 >= LIMITS.rows || tokens * 4 >= LIMITS.tokens;
}

async function begin(context: GenerationOptions): Promise<Generation> {
  await requireTables(context.pool);
  return startGeneration(context);
}

// What is the same for every set of sources, also for none yet: one that is attached later is found by the poll.
// graphile-worker would make its own schema where it is missing, also after an uninstall.
async function requireTables(pool: Pool): Promise<void> {
  const { rows } = await pool.query<{ found: boolean }>(
    `select count(to_regclass(name)) = 3 as found
    from unnest(array['metrics.attachments', 'metrics.workers', 'graphile_worker.jobs']) as name`,
  );
  if (rows[0]?.found) return;
  throw new UserError("The database has no tables for counting tokens.", {
    hint: "Install or update them: npx conversation-metrics migrate",
    exitCode: 2,
  });
}

// graphile-worker ends when the database is away while it finishes a job; then it is started anew.
async function keepRunning(first: Generation, context: GenerationOptions, signal: AbortSignal): Promise<void> {
  const aborted = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  let generation: Generation | undefined = first;
  while (generation !== undefined) {
    await Promise.race([generation.ended, aborted]);
    await generation.stop();
    generation = await beginAgain(context, signal);
  }
}

async function beginAgain(context: GenerationOptions, signal: AbortSignal): Promise<Generation | undefined> {
  const { outages } = context;
  const alarm = createAlarm(signal);
  let reason: unknown = new Error("graphile-worker ended");
  while (!signal.aborted) {
    await alarm.sleep(outages.failed("jobs", reason));
    if (signal.aborted) break;
    try {
      const generation = await begin(context);
      outages.succeeded("jobs");
      return generation;
    } catch (error) {
      reason = error;
    }
  }
  return undefined;
}
