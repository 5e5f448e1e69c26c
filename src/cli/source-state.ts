import type { Sql } from "../database.ts";
import type { Source } from "../sources.ts";
import { counted } from "./format.ts";

/** What a source reads, and how it stands. */
export type SourceState = {
  name: string;
  attached_at: string;
  /** The tables that its rows come from, and those that its mapping reads beside them. */
  tables: string[];
  parents: string[];
  sessions: number;
  /** Rows in the ledger. */
  messages: number;
  leads: number;
  feedback: number;
  /** Rows that the mapping fails on. */
  failed: number;
};

/** Reads the state of each source. */
export async function readSourceStates(sql: Sql, sources: Source[]): Promise<SourceState[]> {
  const states: SourceState[] = [];
  for (const { name, schema } of sources) {
    const of = (object: string) => sql(`${schema}.${object}`);
    const [state] = await sql<[SourceState]>`
      select
        a.name, to_json(a.attached_at) #>> '{}' as attached_at,
        array(select distinct s.relation::text from ${of("sources")} as s order by 1) as tables,
        array(select distinct p.relation::text from ${of("parents")} as p order by 1) as parents,
        (select count(*) from ${of("session_metrics")})::float8 as sessions,
        (select count(*) from ${of("messages")} where session_key is not null)::float8 as messages,
        (select count(*) from ${of("leads")} where session_key is not null)::float8 as leads,
        (select count(*) from ${of("feedback")} where session_key is not null)::float8 as feedback,
        (select count(*) from ${of("failed_rows")})::float8 as failed
      from metrics.attachments as a
      where a.name = ${name}`;
    states.push(state);
  }
  return states;
}

/** The lines of `status` about sources; none where there is only the default one and it is well. */
export function sourceLines(states: SourceState[]): [string, string][] {
  if (states.length === 1 && states[0]?.name === "default" && states[0].failed === 0) return [];
  return states.map((state) => ["source", describeState(state)]);
}

function describeState({ name, sessions, messages, failed }: SourceState): string {
  const fails = failed === 0 ? "" : `, ${counted(failed, "row")} FAILED (doctor shows why)`;
  return `${name}: ${counted(sessions, "session")}, ${counted(messages, "message row")}${fails}`;
}
