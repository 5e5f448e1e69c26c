import { NONE } from "./format.ts";
import type { Session } from "./session.ts";

type Entry = {
  role: string;
  source: string | null;
  scope: "organization" | "none" | "all" | "setting";
  organizations: string[];
  reads: string;
  state: string;
};

const SCOPES = { none: "rows without one", all: "all", setting: "named by each transaction" };

/** Prints who reads which organizations. */
export async function listReaders({ sql, out }: Session, json: boolean): Promise<void> {
  const entries = await sql<Entry[]>`
    select coalesce(p.rolname, r.role::text) as role, r.source, r.scope, r.reads,
      coalesce(array_agg(r.organization_id order by r.organization_id) filter (where r.organization_id is not null), '{}')
        as organizations,
      case
        when p.oid is null then 'the role is gone: this opens nothing'
        when p.rolsuper or p.rolbypassrls then 'reads everything: no policy binds it'
        when r.reads <> 'rows' and not has_table_privilege(p.oid, 'public.all_conversation_metrics', 'select')
          then 'without rights: grant again'
        else 'reads'
      end as state
    from metrics.readers as r
    left join pg_roles as p on p.oid = r.role
    group by p.oid, p.rolname, p.rolsuper, p.rolbypassrls, r.role, r.source, r.scope, r.reads
    order by 1, 2 nulls first, 3`;
  if (json) return out.print(JSON.stringify(entries, null, 2));
  if (entries.length === 0) return out.print("Nobody but the owner reads anything.");
  out.table(
    [{ name: "role" }, { name: "organizations" }, { name: "source" }, { name: "reads" }, { name: "state" }],
    entries.map(({ role, source, scope, organizations, reads, state }) => [
      role,
      scope === "organization" ? organizations.join(", ") : SCOPES[scope],
      source ?? NONE,
      reads,
      state,
    ]),
  );
}
