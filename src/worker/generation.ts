import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import type { Pool } from "pg";
import { atMost } from "../at-most.ts";
import type { Logger } from "../log.ts";
import type { TokenCounter } from "../tokens/counter.ts";
import { createAlarm } from "./alarm.ts";
import { createArchiveTask } from "./archive-task.ts";
import { createCheckTask } from "./check-task.ts";
import { type BatchDone, createCountTask } from "./count-task.ts";
import { beat } from "./heartbeat.ts";
import type { Outages } from "./outages.ts";
import { createReportTask } from "./report-task.ts";
import { createRollUpTask } from "./roll-up-task.ts";
import { startRunner } from "./runner.ts";

const LONGEST_STOP_MS = 5000;

/** What a generation is made of. */
export type GenerationOptions = {
  databaseUrl: string;
  pool: Pool;
  log: Logger;
  outages: Outages;
  counter: TokenCounter;
  concurrency: number;
  onBatch: (done: BatchDone) => void;
};

/** One run of graphile-worker, under a name of its own. */
export type Generation = {
  /** Resolves when it takes no more jobs. */
  ended: Promise<void>;
  /** Finishes what it has begun, for at most 5 seconds, and takes its leave. */
  stop: () => Promise<void>;
};

/**
 * Starts graphile-worker and its heartbeat. It may end by itself, when the database is away at the wrong
 * moment; the next one gets another name, so that what it left locked is found and taken over.
 */
export async function startGeneration(options: GenerationOptions): Promise<Generation> {
  const { databaseUrl, pool, log, outages, counter, concurrency, onBatch } = options;
  const worker = `${hostname()}:${process.pid}:${randomBytes(3).toString("hex")}`;
  const leaving = new AbortController();
  const known = Promise.withResolvers<void>();
  let beating = Promise.resolve();
  let stopping = false;
  const runner = await startRunner({
    pool,
    log,
    tasks: {
      count_tokens: createCountTask({ pool, log, worker, counter, onBatch }),
      check_sessions: createCheckTask({ pool, log }),
      roll_up: createRollUpTask({ pool, log }),
      archive: createArchiveTask({ pool, log }),
      send_reports: createReportTask({ databaseUrl, log }),
    },
    concurrency,
    ready: known.promise,
    onEnding: () => {
      // By itself, since it lost its connection: a part of that outage, though the rest may work again before it has ended.
      if (!stopping) outages.failed("jobs", new Error("graphile-worker ends"));
    },
    onId: (graphileId) => {
      const { signal } = leaving;
      const alarm = createAlarm(signal);
      beating = beat({ pool, log, outages, alarm, signal, worker, graphileId, onKnown: known.resolve });
    },
  });
  const stop = async () => {
    stopping = true;
    known.resolve();
    await atMost(LONGEST_STOP_MS, runner.stop());
    leaving.abort();
    await atMost(
      LONGEST_STOP_MS,
      beating.then(() => sayGone(pool, worker)),
    );
  };
  return { ended: runner.ended, stop };
}

// Not said, for want of a database, it is noticed after 10 seconds.
async function sayGone(pool: Pool, worker: string): Promise<void> {
  await pool.query("select metrics.worker_gone($1)", [worker]).catch(() => {});
}
