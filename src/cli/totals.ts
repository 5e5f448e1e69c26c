import type { Sql } from "../database.ts";
import type { Source } from "../sources.ts";

/** What is counted in some sources together, and what it takes. */
export type Totals = {
  sessions: number;
  organizations: number;
  sessions_changed_5min: number;
  total_messages: number;
  user_messages: number;
  ai_messages: number;
  total_tokens: number;
  prompt_tokens: number;
  completion_tokens: number;
  estimated_messages: number;
  average_response_time: number | null;
  responses: number;
  sessions_with_lead: number;
  ratings: number;
  user_satisfaction: number | null;
  first: string | null;
  last: string | null;
  metrics_size: string;
  ledger_size: string;
  source_size: string;
  database: string;
  server_version: string;
};

/** Adds the conversation_metrics of sources up. float8 holds every count that can occur, exactly. */
export async function readTotals(sql: Sql, sources: Source[]): Promise<Totals> {
  const objects = (names: string[]) =>
    listOf(sources.flatMap(({ schema }) => names.map((name) => `${schema}.${name}`)));
  const metrics = sources.flatMap(({ home }) => [
    `${home}.conversation_metrics`,
    `${home}.conversation_metrics_archive`,
  ]);
  // Begun with none, so that there need not be a source.
  const tables = [
    "select null::regclass where false",
    ...sources.map(({ schema }) => `select relation from ${schema}.sources`),
  ];
  const [totals] = await sql<[Totals]>`
    select
      count(*)::float8 as sessions,
      -- no organization is a tenant of its own
      count(distinct (source, organization_id))::float8 as organizations,
      count(*) filter (where updated_at > now() - interval '5 minutes')::float8 as sessions_changed_5min,
      coalesce(sum(total_messages), 0)::float8 as total_messages,
      coalesce(sum(user_messages), 0)::float8 as user_messages,
      coalesce(sum(ai_messages), 0)::float8 as ai_messages,
      coalesce(sum(total_tokens), 0)::float8 as total_tokens,
      coalesce(sum(prompt_tokens), 0)::float8 as prompt_tokens,
      coalesce(sum(completion_tokens), 0)::float8 as completion_tokens,
      coalesce(sum(estimated_messages), 0)::float8 as estimated_messages,
      (sum(response_us_sum) / nullif(sum(response_count), 0) / 1000000)::float8 as average_response_time,
      coalesce(sum(response_count), 0)::float8 as responses,
      count(*) filter (where has_lead)::float8 as sessions_with_lead,
      coalesce(sum(rating_count), 0)::float8 as ratings,
      (sum(rating_sum) / nullif(sum(rating_count), 0))::float8 as user_satisfaction,
      to_json(min(conversation_start)::timestamptz(0)) #>> '{}' as first,
      to_json(max(conversation_end)::timestamptz(0)) #>> '{}' as last,
      (${sizeOf(sql, listOf(metrics))}) as metrics_size,
      (${sizeOf(sql, objects(["messages", "leads", "feedback", "sessions"]))}) as ledger_size,
      (${sizeOf(sql, `array(${tables.join(" union ")})`)}) as source_size,
      current_database() as database,
      current_setting('server_version') as server_version
    from public.all_conversation_metrics
    where source = any(${sources.map(({ name }) => name)})`;
  return totals;
}

const listOf = (relations: string[]) => `array[${relations.map((name) => `'${name}'`).join(", ")}]::regclass[]`;

// With indexes and, of a partitioned table, all partitions.
function sizeOf(sql: Sql, relations: string) {
  return sql.unsafe(`
    select pg_size_pretty(coalesce(sum(pg_total_relation_size(part.relid)), 0))
    from unnest(${relations}) as relation
    cross join lateral (
      select relid from pg_partition_tree(relation) union select relation
    ) as part`);
}
