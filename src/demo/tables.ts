import type { Queryable } from "../database.ts";

// As the migrations make them; an application's own tables differ somewhere.
const TABLES: Record<string, string> = {
  conversations:
    "id bigint, organization_id bigint, session_id text, widget_id bigint, user_id bigint, role text, message text, response text, model text, prompt_tokens integer, completion_tokens integer, created_at timestamp with time zone, responded_at timestamp with time zone",
  leads:
    "id bigint, organization_id bigint, session_id text, widget_id bigint, user_id bigint, name text, email text, phone text, company text, custom_fields jsonb, created_at timestamp with time zone",
  feedback:
    "id bigint, conversation_id bigint, session_id text, organization_id bigint, message_index integer, rating smallint, feedback_text text, created_at timestamp with time zone, updated_at timestamp with time zone",
};

/** Whether the metrics are kept over these tables as they stand, rather than over others that are attached alone. */
export async function areCounted(sql: Queryable): Promise<boolean> {
  const [installed] = await sql<[{ found: boolean }]>`select to_regclass('metrics.sources') is not null as found`;
  if (!installed.found) return false;
  const found = await sql`
    select from metrics.sources
    where not is_view and relation in (select to_regclass('public.' || name) from unnest(${Object.keys(TABLES)}::text[]) as name)`;
  return found.count === Object.keys(TABLES).length;
}

type Column = { table: string; name: string; type: string };

/** The columns of the three tables that a demo may write. */
export async function readColumns(sql: Queryable): Promise<Column[]> {
  return sql<Column[]>`
    select c.relname as table, a.attname as name, format_type(a.atttypid, a.atttypmod) as type
    from pg_class as c
    join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
    where c.oid in ('public.conversations'::regclass, 'public.leads'::regclass, 'public.feedback'::regclass)
    order by c.relname, a.attnum`;
}

/** The tables that are an application's own rather than made by the migrations. */
export function foreignTables(columns: Column[]): string[] {
  return Object.keys(TABLES).filter((table) => {
    const found = columns.filter((column) => column.table === table).map(({ name, type }) => `${name} ${type}`);
    return found.join(", ") !== TABLES[table];
  });
}
