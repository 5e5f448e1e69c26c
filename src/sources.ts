import type { Sql } from "./database.ts";

/** A set of an application's tables with ledgers and metrics of their own. */
export type Source = {
  name: string;
  /** The schema of its functions and ledgers. */
  schema: string;
  /** The schema of its conversation_metrics. */
  home: string;
};

/** The sources of a database: default first, then by name. */
export async function listSources(sql: Sql): Promise<Source[]> {
  return sql<Source[]>`
    select name, schema_name as schema, case schema_name when 'metrics' then 'public' else schema_name end as home
    from metrics.attachments
    order by name <> 'default', name`;
}
