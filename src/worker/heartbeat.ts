import type { Pool } from "pg";
import type { Logger } from "../log.ts";
import type { Alarm } from "./alarm.ts";
import type { Outages } from "./outages.ts";

const EVERY_MS = 2000;

/** What a heartbeat needs. */
export type Heartbeat = {
  pool: Pool;
  log: Logger;
  outages: Outages;
  /** Rings when the worker ends. */
  alarm: Alarm;
  signal: AbortSignal;
  worker: string;
  /** What graphile-worker locks this process's jobs by. */
  graphileId: string;
  /** Hears when it is known to the database. */
  onKnown: () => void;
};

/** Says that this worker lives, every 2 seconds until `signal` aborts; takes over from those that do not. */
export async function beat(options: Heartbeat): Promise<void> {
  const { pool, log, outages, alarm, signal, worker, graphileId, onKnown } = options;
  while (!signal.aborted) {
    let pause = EVERY_MS;
    try {
      const { rows } = await pool.query<{ released: number }>("select metrics.worker_beat($1, $2) as released", [
        worker,
        [graphileId],
      ]);
      const released = rows[0]?.released ?? 0;
      if (released > 0) log.info({ batches: released }, "took over from a worker that is gone");
      outages.succeeded("heartbeat");
      onKnown();
    } catch (error) {
      pause = outages.failed("heartbeat", error);
    }
    await alarm.sleep(pause);
  }
}
