import type { Pool } from "pg";
import type { Alarm } from "./alarm.ts";
import { enqueueBatches, type Limits } from "./batches.ts";
import type { Outages } from "./outages.ts";
import { forEachSource } from "./sources.ts";

const IDLE_MS = 250;

/** What the poll needs. */
export type Poll = { pool: Pool; outages: Outages; alarm: Alarm; signal: AbortSignal; limits: Limits };

/**
 * Makes jobs of what waits to be counted in any source, also in one attached later, until `signal` aborts: again at once while there is more, else
 * after a moment or when the alarm rings: a full batch is done.
 */
export async function poll({ pool, outages, alarm, signal, limits }: Poll): Promise<void> {
  while (!signal.aborted) {
    try {
      let made = 0;
      await forEachSource(pool, async (source) => {
        made += await enqueueBatches(pool, source, limits);
      });
      outages.succeeded("poll");
      if (made === 0) await alarm.sleep(IDLE_MS);
    } catch (error) {
      await alarm.sleep(outages.failed("poll", error));
    }
  }
}
