import type { Sql } from "../database.ts";

/** Where the token counts of all messages come from, and who counts them. Times are seconds. */
export type TokenState = {
  tokens: {
    exact: number;
    reported: number;
    estimated: number;
    /** Message rows that could not be counted. */
    given_up: number;
    /** How long the oldest message row has waited to be counted. */
    oldest_waiting: number | null;
  };
  worker: {
    /** Processes that were heard of in the last 10 seconds and did not end. */
    alive: number;
    /** Since the last heartbeat of any. */
    last_seen: number | null;
    /** Whether the one heard of last ended in good order. */
    stopped: boolean;
  };
  last_check: Check | null;
  /** The last one that found something. */
  last_finding: Check | null;
};

/** A check of sessions against their source rows that a worker made. */
export type Check = { age: number; sessions: number; drifted: number; healed: number };

/** Reads the state of the token counts; the sums read the whole ledger. */
export async function readTokenState(sql: Sql): Promise<TokenState> {
  const [tokens] = await sql<[TokenState["tokens"]]>`
    select counted::float8 as exact, reported::float8, estimated::float8, failed::float8 as given_up,
      extract(epoch from oldest_waiting)::float8 as oldest_waiting
    from metrics.token_totals()`;
  const [worker] = await sql<[TokenState["worker"]]>`
    select
      count(*) filter (where seen_at > clock_timestamp() - interval '10 seconds' and stopped_at is null)::float8 as alive,
      extract(epoch from clock_timestamp() - max(seen_at))::float8 as last_seen,
      coalesce((array_agg(stopped_at is not null order by seen_at desc))[1], false) as stopped
    from metrics.workers`;
  return { tokens, worker, last_check: await readCheck(sql, 0), last_finding: await readCheck(sql, 1) };
}

async function readCheck(sql: Sql, leastDrifted: number): Promise<Check | null> {
  const [check] = await sql<[Check?]>`
    select extract(epoch from clock_timestamp() - checked_at)::float8 as age, sessions, drifted, healed
    from metrics.checks
    where drifted >= ${leastDrifted}
    order by check_id desc
    limit 1`;
  return check ?? null;
}

/** A row that was given up. */
export type GivenUp = { id: string; error: string };

/** The first rows that could not be counted, with the error; never their text. */
export async function readGivenUp(sql: Sql, limit: number): Promise<GivenUp[]> {
  return sql<GivenUp[]>`
    select conversation_id::text as id, coalesce(error, 'unknown') as error
    from metrics.token_retries
    where retry_at = 'infinity'
    order by conversation_id
    limit ${limit}`;
}
