import type { Task } from "graphile-worker";
import type { Pool } from "pg";
import type { Logger } from "../log.ts";
import { forEachSource, type WorkerSource } from "./sources.ts";

/** Once a minute, by one of all workers; one that takes longer is not joined by a second one. */
export const ROLL_UP_CRONTAB = "* * * * * roll_up ?max=1&jobKey=roll_up";

// While others write there is always something new; what is left waits a minute, and is read live meanwhile.
const MOST_ROUNDS = 1000;

/** The job roll_up: brings the rollups of all sources up to date, a transaction for each part. */
export function createRollUpTask({ pool, log }: { pool: Pool; log: Logger }): Task {
  return () => forEachSource(pool, (source) => rollUp(pool, log, source));
}

async function rollUp(pool: Pool, log: Logger, { name, schema }: WorkerSource): Promise<void> {
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const { rows } = await pool.query<{ remade: number; is_done: boolean }>(
      `select remade, is_done from ${schema}.roll_up()`,
    );
    const [step] = rows;
    log.debug({ source: name, remade: step?.remade }, "rolled up");
    if (step?.is_done !== false) return;
  }
}
