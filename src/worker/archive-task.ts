import type { Task } from "graphile-worker";
import type { Pool } from "pg";
import type { Logger } from "../log.ts";
import { forEachSource, type WorkerSource } from "./sources.ts";

/** Every ten minutes by one of all workers; one that takes longer is not joined by a second one. */
export const ARCHIVE_CRONTAB = "*/10 * * * * archive ?max=1&jobKey=archive";

// A writer who comes to one of these sessions waits for the end of a batch: a few hundredths of a second.
const BATCH = 500;

/** The job archive: moves what the rules of all sources call old to their archives, in batches. */
export function createArchiveTask({ pool, log }: { pool: Pool; log: Logger }): Task {
  return () => forEachSource(pool, (source) => archive(pool, log, source));
}

async function archive(pool: Pool, log: Logger, { name, schema }: WorkerSource): Promise<void> {
  let total = 0;
  for (;;) {
    const { rows } = await pool.query<{ archived: number }>(`select ${schema}.archive_sessions($1) as archived`, [
      BATCH,
    ]);
    const archived = rows[0]?.archived ?? 0;
    // Not at the first batch that is not full: some of it may have been locked.
    if (archived === 0) break;
    total += archived;
  }
  if (total > 0) log.info({ source: name, sessions: total }, "archived");
}
