import { Gauge, type Registry } from "prom-client";
import { until } from "../chat/abort.ts";
import { errorCode } from "../errors.ts";
import type { Database } from "./database.ts";
import { identifier, sql, trusted } from "./sql.ts";
import { toProblem } from "./to-problem.ts";

// Several monitors may ask, each every few seconds.
const KEPT_MS = 5000;
const LONGEST_MS = 4000;
// Of more than this it is enough to know that it is so many.
const MOST_WAITING = 100_000;

type Row = Record<string, number | string | null>;
type State = { up: boolean; sources: Row[]; workers: Row };

// Of each source, of its latest check, and what waits, all by index.
const SOURCE_FIGURES: [name: string, help: string][] = [
  ["messages_waiting", `Message rows that wait for their exact token count, up to ${MOST_WAITING}.`],
  ["messages_given_up", "Message rows that could not be counted."],
  ["oldest_waiting_seconds", "How long the oldest of them has waited; 0: none waits."],
  ["last_check_timestamp_seconds", "When a worker compared sessions with their source rows last."],
  ["last_check_sessions", "How many sessions it compared."],
  ["last_check_drifted", "How many of them were wrong."],
  ["last_check_healed", "How many of those it healed."],
  ["last_rollup_timestamp_seconds", "When a worker brought the sums for reports up to date last; absent: never."],
  ["rollup_changes_waiting", `Changes since that reports read from sessions, up to ${MOST_WAITING}.`],
];

const WORKER_FIGURES: [name: string, help: string][] = [
  ["workers_alive", "Workers that were heard of in the last 10 seconds."],
  ["worker_heartbeat_age_seconds", "Since the last sign of life of any worker; absent where there never was one."],
];

/** Registers what the database tells: read when it is asked for, once in a few seconds. */
export function registerFigures(registry: Registry, db: Database): void {
  let kept: { until: number; state: Promise<State> } | undefined;
  const state = () => {
    if (kept === undefined || kept.until < performance.now()) {
      kept = { until: performance.now() + KEPT_MS, state: readState(db) };
    }
    return kept.state;
  };
  addGauge(
    registry,
    "database_up",
    "Whether the database answers; all that it would tell is absent where not.",
    async () => [[{}, (await state()).up ? 1 : 0]],
  );
  for (const [name, help] of SOURCE_FIGURES) {
    addGauge(registry, name, help, async () =>
      (await state()).sources.map((row) => [{ source: String(row.source) }, row[name]]),
    );
  }
  for (const [name, help] of WORKER_FIGURES) {
    addGauge(registry, name, help, async () => [[{}, (await state()).workers[name]]]);
  }
}

type Value = [labels: Record<string, string>, value: number | string | null | undefined];

function addGauge(registry: Registry, name: string, help: string, read: () => Promise<Value[]>): void {
  new Gauge({
    name: `conversation_metrics_${name}`,
    help,
    labelNames: ["source"],
    registers: [registry],
    async collect() {
      this.reset();
      for (const [labels, value] of await read()) {
        if (typeof value === "number") this.set(labels, value);
      }
    },
  });
}

// A monitor is told that the database is away, or too slow to tell more. Anything else is a defect.
async function readState(db: Database): Promise<State> {
  const late = AbortSignal.timeout(LONGEST_MS);
  try {
    return await until(readFigures(db), late);
  } catch (error) {
    if (!late.aborted && toProblem(error).status !== 503) throw error;
    return { up: false, sources: [], workers: {} };
  }
}

async function readFigures(db: Database): Promise<State> {
  const attachments = await db.query<{ name: string; schema_name: string }>(
    sql`select name, schema_name from metrics.attachments order by name`,
  );
  const sources: Row[] = [];
  for (const { name, schema_name } of attachments) {
    try {
      sources.push(...(await readSource(db, name, schema_name)));
    } catch (error) {
      // Detached meanwhile.
      if (errorCode(error) !== "42P01") throw error;
    }
  }
  const [workers = {}] = await db.query<Row>(sql`
    select
      count(*) filter (
        where seen_at > clock_timestamp() - interval '10 seconds' and stopped_at is null
      )::float8 as workers_alive,
      extract(epoch from clock_timestamp() - max(seen_at))::float8 as worker_heartbeat_age_seconds
    from metrics.workers`);
  return { up: true, sources, workers };
}

function readSource(db: Database, name: string, schema: string): Promise<Row[]> {
  const of = (table: string) => identifier(`${schema}.${table}`);
  return db.query<Row>(sql`
    select ${name}::text as source, waiting.*, given_up.number::float8 as messages_given_up, last.*, rollup.*,
      changes.number::float8 as rollup_changes_waiting
    from (
      select count(*)::float8 as messages_waiting,
        greatest(extract(epoch from clock_timestamp() - min(counted_at)), 0)::float8 as oldest_waiting_seconds
      from (
        select counted_at from ${of("messages")} as l
        where (l.prompt_source = 'estimate' or l.completion_source = 'estimate')
          and not exists (
            select from ${of("token_retries")} as r
            where r.conversation_id = l.conversation_id and r.retry_at = 'infinity'
          )
        limit ${trusted(String(MOST_WAITING))}
      ) as of_those
    ) as waiting
    cross join (select count(*) as number from ${of("token_retries")} where retry_at = 'infinity') as given_up
    left join lateral (
      select extract(epoch from checked_at)::float8 as last_check_timestamp_seconds,
        sessions::float8 as last_check_sessions, drifted::float8 as last_check_drifted,
        healed::float8 as last_check_healed
      from ${of("checks")} order by check_id desc limit 1
    ) as last on true
    left join (
      select extract(epoch from rolled_up_at)::float8 as last_rollup_timestamp_seconds from ${of("rollup_state")}
    ) as rollup on true
    cross join (
      select count(*) as number
      from (select from ${of("rollup_changes")} limit ${trusted(String(MOST_WAITING))}) as of_those
    ) as changes`);
}
