import type { Sql } from "../database.ts";
import type { Source } from "../sources.ts";

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

/** Reads the state of the token counts of sources; the sums read the whole ledgers. */
export async function readTokenState(sql: Sql, sources: Source[]): Promise<TokenState> {
  const tokens = await readTokens(sql, sources);
  const [worker] = await sql<[TokenState["worker"]]>`
    select
      count(*) filter (where seen_at > clock_timestamp() - interval '10 seconds' and stopped_at is null)::float8 as alive,
      extract(epoch from clock_timestamp() - max(seen_at))::float8 as last_seen,
      coalesce((array_agg(stopped_at is not null order by seen_at desc))[1], false) as stopped
    from metrics.workers`;
  return {
    tokens,
    worker,
    last_check: await readLastCheck(sql, sources),
    last_finding: await readLastFinding(sql, sources),
  };
}

async function readTokens(sql: Sql, sources: Source[]): Promise<TokenState["tokens"]> {
  if (sources.length === 0) return { exact: 0, reported: 0, estimated: 0, given_up: 0, oldest_waiting: null };
  const each = sources.map(({ schema }) => `select * from ${schema}.token_totals()`).join(" union all ");
  const [tokens] = await sql<[TokenState["tokens"]]>`
    select sum(counted)::float8 as exact, sum(reported)::float8 as reported, sum(estimated)::float8 as estimated,
      sum(failed)::float8 as given_up, extract(epoch from max(oldest_waiting))::float8 as oldest_waiting
    from (${sql.unsafe(each)}) as each`;
  return tokens;
}

// Of each source its last one, taken together: as old as the oldest of them.
async function readLastCheck(sql: Sql, sources: Source[]): Promise<Check | null> {
  if (sources.length === 0) return null;
  const [check] = await sql<[Check?]>`
    select extract(epoch from clock_timestamp() - min(checked_at))::float8 as age, sum(sessions)::float8 as sessions,
      sum(drifted)::float8 as drifted, sum(healed)::float8 as healed
    from (${sql.unsafe(checksOf(sources, "order by check_id desc limit 1"))}) as last
    having count(*) > 0`;
  return check ?? null;
}

async function readLastFinding(sql: Sql, sources: Source[]): Promise<Check | null> {
  if (sources.length === 0) return null;
  const [check] = await sql<[Check?]>`
    select extract(epoch from clock_timestamp() - checked_at)::float8 as age, sessions, drifted, healed
    from (${sql.unsafe(checksOf(sources, "where drifted > 0 order by check_id desc limit 1"))}) as last
    order by checked_at desc
    limit 1`;
  return check ?? null;
}

const checksOf = (sources: Source[], which: string) =>
  sources.map(({ schema }) => `(select * from ${schema}.checks ${which})`).join(" union all ");

/** A row that was given up. */
export type GivenUp = { id: string; error: string };

/** The first rows of sources that could not be counted, with the error; never their text. */
export async function readGivenUp(sql: Sql, sources: Source[], limit: number): Promise<GivenUp[]> {
  const each = sources.map(
    ({ name, schema }) => `
      select '${name}' as source, conversation_id::text as id, coalesce(error, 'unknown') as error
      from ${schema}.token_retries where retry_at = 'infinity'`,
  );
  return sql<GivenUp[]>`
    select case source when 'default' then id else source || ' ' || id end as id, error
    from (${sql.unsafe(each.join(" union all "))}) as each
    order by source <> 'default', source, id
    limit ${limit}`;
}
