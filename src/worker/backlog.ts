import type { Pool } from "pg";

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

/** Counts what is still to be counted, by index: as quick as there is little of it. */
export async function readBacklog(pool: Pool): Promise<Backlog> {
  const { rows } = await pool.query<Backlog>(`
    select
      count(*) filter (where r.retry_at is distinct from 'infinity')::float8 as waiting,
      count(*) filter (where r.attempts = 0)::float8 as locked,
      count(*) filter (where r.retry_at = 'infinity')::float8 as given_up,
      (select count(*) from metrics.token_batches)::float8 as batches
    from metrics.messages as l
    left join metrics.token_retries as r on r.conversation_id = l.conversation_id
    where l.prompt_source = 'estimate' or l.completion_source = 'estimate'`);
  return rows[0] ?? { waiting: 0, locked: 0, given_up: 0, batches: 0 };
}
