import type { Pool } from "pg";
import { forEachSource, type WorkerSource } from "./sources.ts";

/** What is still to be counted, in message rows. */
export type Backlog = {
  /** Waiting to be counted, or being counted. */
  waiting: number;
  /** Of those, held up since a transaction under way has their session locked. */
  locked: number;
  /** Given up: counting them failed too often. */
  given_up: number;
  /** Batches made and not finished. */
  batches: number;
};

/** Counts what is still to be counted in all sources, by index: as quick as there is little of it. */
export async function readBacklog(pool: Pool): Promise<Backlog> {
  const all: Backlog = { waiting: 0, locked: 0, given_up: 0, batches: 0 };
  await forEachSource(pool, async (source) => {
    const own = await backlogOf(pool, source);
    all.waiting += own.waiting;
    all.locked += own.locked;
    all.given_up += own.given_up;
    all.batches += own.batches;
  });
  return all;
}

async function backlogOf(pool: Pool, { schema }: WorkerSource): Promise<Backlog> {
  const { rows } = await pool.query<Backlog>(`
    select
      count(*) filter (where r.retry_at is distinct from 'infinity')::float8 as waiting,
      count(*) filter (where r.attempts = 0)::float8 as locked,
      count(*) filter (where r.retry_at = 'infinity')::float8 as given_up,
      (select count(*) from ${schema}.token_batches)::float8 as batches
    from ${schema}.messages as l
    left join ${schema}.token_retries as r on r.conversation_id = l.conversation_id
    where l.prompt_source = 'estimate' or l.completion_source = 'estimate'`);
  return rows[0] ?? { waiting: 0, locked: 0, given_up: 0, batches: 0 };
}
