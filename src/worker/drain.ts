import { type Alarm, createAlarm } from "./alarm.ts";
import { type Backlog, readBacklog } from "./backlog.ts";
import type { BatchDone } from "./count-task.ts";
import { createPool } from "./pool.ts";
import { startWorker, type WorkerOptions } from "./worker.ts";

const LOOK_EVERY_MS = 200;

// A look at a backlog of millions takes a good part of a second, and the processor that the counting needs.
const LOOKS_SHARE = 0.05;

// A batch whose worker was killed is taken over after 10 seconds; so nothing that can move stands still for longer.
const PATIENCE_MS = 20_000;

/** What {@link drain} needs. */
export type DrainOptions = WorkerOptions & {
  /** Hears how many message rows are counted, and how many there are to count. */
  onProgress?: (done: number, total: number) => void;
};

/**
 * Counts all that waits, together with the workers that run already, and returns what is left: rows that
 * were given up, and rows of sessions that a transaction keeps locked for more than 20 seconds.
 */
export async function drain(options: DrainOptions): Promise<Backlog> {
  const pool = createPool(options.databaseUrl, 1, options.log);
  // What this worker wrote may have gone before anybody looked.
  let written = 0;
  let total = 0;
  // With so much written, all that the last look saw is, and it is time for the next.
  let goal = Number.POSITIVE_INFINITY;
  const alarm = createAlarm();
  const tell = ({ waiting }: Backlog, writtenBefore: number) => {
    total = Math.max(total, waiting + writtenBefore);
    options.onProgress?.(total - waiting, total);
  };
  const look = async () => {
    const writtenBefore = written;
    const backlog = await readBacklog(pool);
    tell(backlog, writtenBefore);
    goal = writtenBefore + backlog.waiting;
    return backlog;
  };
  const onBatch = (done: BatchDone) => {
    written += done.written;
    if (written >= goal) alarm.ring();
    options.onBatch?.(done);
  };
  try {
    const worker = await startWorker({ ...options, onBatch });
    const left = await untilNothingMoves(look, alarm).finally(worker.stop);
    tell(left, written);
    return left;
  } finally {
    await pool.end();
  }
}

async function untilNothingMoves(look: () => Promise<Backlog>, alarm: Alarm): Promise<Backlog> {
  let took = 0;
  const read = async () => {
    const begin = performance.now();
    const backlog = await look();
    took = performance.now() - begin;
    return backlog;
  };
  let backlog = await read();
  let movedAt = performance.now();
  for (;;) {
    if (backlog.waiting === 0 && backlog.batches === 0) return backlog;
    // What fails is tried again after minutes; a long text takes its time.
    const held = backlog.waiting > 0 && backlog.waiting === backlog.locked && backlog.batches === 0;
    if (held && performance.now() - movedAt > PATIENCE_MS) return backlog;
    await alarm.sleep(Math.max(LOOK_EVERY_MS, took / LOOKS_SHARE));
    const { waiting } = backlog;
    backlog = await read();
    if (backlog.waiting !== waiting) movedAt = performance.now();
  }
}
