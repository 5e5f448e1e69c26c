import { EventEmitter } from "node:events";
import { Logger as GraphileLogger, type Runner, run, type TaskList, type WorkerEvents } from "graphile-worker";
import type { Pool } from "pg";
import type { Logger } from "../log.ts";
import { ARCHIVE_CRONTAB } from "./archive-task.ts";
import { CHECK_CRONTAB } from "./check-task.ts";
import { REPORT_CRONTAB } from "./report-task.ts";
import { ROLL_UP_CRONTAB } from "./roll-up-task.ts";

// Jobs are told of by NOTIFY; where that does not come through (a pooler), this is how long one waits.
const POLL_MS = 500;

const ENDS = [
  "pool:gracefulShutdown:complete",
  "pool:gracefulShutdown:error",
  "pool:forcefulShutdown:complete",
  "pool:forcefulShutdown:error",
  "pool:release",
] as const;

// It keeps a look-up of its tasks that failed, and then finds no job for good, while all else works.
const MOST_FAILED_LOOKS = 10;

/** What graphile-worker is run with. */
export type RunnerOptions = {
  pool: Pool;
  log: Logger;
  tasks: TaskList;
  concurrency: number;
  /** Hears by what it locks its jobs. */
  onId: (graphileId: string) => void;
  /** Hears that it ends, asked to or by itself; `ended` may come much later. */
  onEnding: () => void;
  /** No job is taken before this resolves. */
  ready: Promise<void>;
};

/** graphile-worker at work. */
export type JobRunner = {
  /** Resolves when it takes no more jobs, whatever the reason. */
  ended: Promise<void>;
  stop: () => Promise<void>;
};

/** Starts graphile-worker; throws where the database cannot be reached. */
export async function startRunner(options: RunnerOptions): Promise<JobRunner> {
  const { pool, log, tasks, concurrency, onId, onEnding, ready } = options;
  const events: WorkerEvents = new EventEmitter();
  events.once("pool:gracefulShutdown", onEnding);
  events.on("pool:create", ({ workerPool }) => onId(workerPool.id));
  // When its jobs have ended. The rest may take a minute when the database is away (its schedule), or never end (reports
  // of failed jobs that it could not send): it would be taken for alive all the while.
  const ended = Promise.withResolvers<void>();
  for (const event of ENDS) events.once(event, () => ended.resolve());
  let failedLooks = 0;
  events.on("worker:getJob:empty", () => (failedLooks = 0));
  events.on("job:start", () => (failedLooks = 0));
  events.on("worker:getJob:error", () => {
    failedLooks += 1;
    if (failedLooks !== MOST_FAILED_LOOKS) return;
    onEnding();
    ended.resolve();
  });
  const runner = await run({
    pgPool: pool,
    schema: "graphile_worker",
    taskList: tasks,
    crontab: [CHECK_CRONTAB, ROLL_UP_CRONTAB, ARCHIVE_CRONTAB, REPORT_CRONTAB].join("\n"),
    concurrency,
    pollInterval: POLL_MS,
    noHandleSignals: true,
    events,
    logger: graphileLogger(log),
    preset: {
      plugins: [{ name: "ready-first", version: "1", worker: { hooks: { startWorker: () => ready } } }],
      // Not -1, its default: then a lost connection at a job's end is an unhandled rejection.
      worker: { completeJobBatchDelay: 0, failJobBatchDelay: 0 },
    },
  });
  runner.promise.catch(() => {}); // `ended` tells.
  return { ended: ended.promise, stop: () => stop(runner) };
}

async function stop(runner: Runner): Promise<void> {
  try {
    await runner.stop();
  } catch {
    // It had ended by itself.
  }
}

// What it has to say is ours to say: its errors quote what failed, and repeat while an outage lasts.
function graphileLogger(log: Logger): GraphileLogger {
  return new GraphileLogger(({ label }) => (level, message) => {
    if (level === "debug") log.trace({ label }, message);
    else log.debug({ label }, message);
  });
}
