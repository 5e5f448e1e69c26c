import type { Sql } from "../database.ts";
import type { Source } from "../sources.ts";
import { counted, toSecond } from "./format.ts";
import { age } from "./token-lines.ts";

/** How far the rollups of sources are; of several sources the one that is furthest behind. */
export type RollupState = {
  /** Sessions that began before this are in rollups: a time, or null where there are none yet. */
  built_to: string | null;
  /** Quarters of an hour that changed since, and that reports read from the sessions. */
  changed: number;
  /** Seconds since rolling up last came to its end. */
  last_rolled_up: number | null;
};

/** Reads how far the rollups of sources are. */
export async function readRollupState(sql: Sql, sources: Source[]): Promise<RollupState> {
  if (sources.length === 0) return { built_to: null, changed: 0, last_rolled_up: null };
  const each = sources.map(
    ({ schema }) => `
      select case when exists (select from ${schema}.rollup_resets) then '-infinity' else s.built_to end as built_to,
        (select count(distinct starts_at) from ${schema}.rollup_changes) as changed, s.rolled_up_at
      from ${schema}.rollup_state as s`,
  );
  const [state] = await sql<[RollupState]>`
    select to_json(nullif(min(built_to), '-infinity')) #>> '{}' as built_to,
      sum(changed)::float8 as changed, extract(epoch from clock_timestamp() - min(rolled_up_at))::float8 as last_rolled_up
    from (${sql.unsafe(each.join(" union all "))}) as each`;
  return state;
}

/** The line of `status` about them. */
export function rollupLine({ built_to, changed, last_rolled_up }: RollupState): [string, string] {
  if (built_to === null) return ["rollups", "none yet: reports read every session (a worker makes them)"];
  return [
    "rollups",
    [
      `of sessions before ${toSecond(built_to)}`,
      ...(changed === 0 ? [] : [`${counted(changed, "quarter hour")} changed since`]),
      ...(last_rolled_up === null ? [] : [`made ${age(last_rolled_up)} ago`]),
    ].join(", "),
  ];
}
