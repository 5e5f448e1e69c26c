import { z } from "zod";
import { filterFields, filterFor, scoped } from "./report-filter.ts";
import { readReport } from "./report-sql.ts";
import { defineRoute, noInput } from "./route.ts";
import { sql } from "./sql.ts";

// More than anybody chooses from a list.
const MOST = 2000;

const { organization, source } = filterFields;

const row = z
  .object({
    organization_id: z.string().nullable(),
    widget_id: z.string().nullable(),
    conversations: z.int().min(0),
    first: z.string().nullable().meta({ format: "date-time" }),
    last: z.string().nullable().meta({ format: "date-time" }),
  })
  .meta({ id: "ScopeRow" });

/** GET /api/scope. */
export const scopeRoute = defineRoute({
  method: "get",
  path: "/api/scope",
  tag: "Reports",
  summary: "What there is to report on: organizations and widgets",
  description: `With the number of their conversations, and when the first and the last began; the ${MOST} largest.`,
  access: "reader",
  ...noInput,
  query: z.strictObject({ organization, source }),
  responses: {
    200: [{ description: "All of them.", type: "application/json", schema: z.object({ rows: z.array(row) }) }],
  },
  problems: [404, 409],
  handle: async ({ reads, db }, { query, reader, res }) => {
    const filter = filterFor(await scoped(db, reader, { ...query, time_zone: "UTC" }));
    const rows = await readReport(
      reads,
      sql`
        select to_json(r) as row
        from (
          select organization_id, widget_id, count(*) as conversations,
            min(conversation_start) as first, max(conversation_start) as last
          from public.report_sessions(${filter}) as m
          group by organization_id, widget_id
          order by count(*) desc, organization_id, widget_id
          limit ${MOST}
        ) as r`,
    );
    res.json({ rows });
  },
});
