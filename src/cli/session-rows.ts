import type { Sql } from "../database.ts";
import type { Source } from "../sources.ts";

/** A session's metrics row, as far as a person reads it. */
export type Metrics = {
  session_id: string;
  organization_id: string | null;
  total_messages: number;
  user_messages: number;
  ai_messages: number;
  total_tokens: string;
  prompt_tokens: string;
  completion_tokens: string;
  estimated_messages: number;
  message_rows: number;
  conversation_start: string | null;
  conversation_end: string | null;
  conversation_duration: number | null;
  average_response_time: number | null;
  response_count: number;
  user_satisfaction: number | null;
  rating_count: number;
  has_lead: boolean;
  lead_name: string | null;
  lead_email: string | null;
  lead_company: string | null;
  updated_at: string;
};

/** A session: its source and its key there. */
export type SessionOf = { source: Source; key: string };

/** The metrics row of a session that is known to exist. */
export async function readMetrics(sql: Sql, { source, key }: SessionOf): Promise<Metrics> {
  const [row] = await sql<[Metrics]>`
    select m.*, organization_id::text, session_id::text, conversation_start::text, conversation_end::text,
      updated_at::timestamptz(0)::text
    from ${sql(`${source.schema}.session_metrics`)} as m
    where session_key = ${key}`;
  return row;
}

/** What one message row was counted for, with the beginning of its text. */
export type LedgerMessage = {
  id: string;
  created: string | null;
  user_messages: number;
  ai_messages: number;
  prompt_tokens: number;
  prompt_source: string | null;
  completion_tokens: number;
  completion_source: string | null;
  response_seconds: number | null;
  text: string | null;
};

/** The ledger entries of a session's first rows, in order. */
export async function readMessages(sql: Sql, { source, key }: SessionOf, limit: number): Promise<LedgerMessage[]> {
  return sql<LedgerMessage[]>`
    select l.conversation_id::text as id, nullif(l.created_at, 'infinity')::timestamptz(0)::text as created,
      l.user_messages, l.ai_messages, l.prompt_tokens, l.prompt_source, l.completion_tokens, l.completion_source,
      l.response_us / 1000000.0::float8 as response_seconds,
      left(coalesce(nullif(s.message, ''), s.response), 200) as text
    from ${sql(`${source.schema}.messages`)} as l
    left join ${sql(`${source.schema}.source_messages`)} as s on s.conversation_id = l.conversation_id
    where l.session_key = ${key}
    order by l.created_at, l.conversation_id
    limit ${limit}`;
}

/** What a lead or feedback row was counted for. */
export type Extra = { kind: string; id: string; counts_as: string };

/** The ledger entries of a session's leads and feedback. */
export async function readExtras(sql: Sql, { source, key }: SessionOf): Promise<Extra[]> {
  return sql<Extra[]>`
    select 'lead' as kind, lead_id::text as id,
      case when row_number() over (order by created_at desc, lead_id desc) = 1
        then 'the lead' else 'passed over: not the latest' end as counts_as
    from ${sql(`${source.schema}.leads`)} where session_key = ${key}
    union all
    select 'feedback', feedback_id::text,
      case when rating is null then 'no rating' else 'rating ' || trim_scale(rating) end
        || case when conversation_id is null then '' else ', by its message ' || conversation_id end
    from ${sql(`${source.schema}.feedback`)} where session_key = ${key}
    order by 1 desc, 2`;
}
