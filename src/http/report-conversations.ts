import { z } from "zod";
import { Problem } from "./problem.ts";
import { filterFields, filterFor, scoped } from "./report-filter.ts";
import { reportRows } from "./report-schemas.ts";
import { readReport } from "./report-sql.ts";
import { defineRoute, noInput } from "./route.ts";
import { sql } from "./sql.ts";

const NOT_SORTED_BY = new Set(["source"]);
/** The columns that the list can be sorted by. */
export const columns = Object.keys(reportRows.conversations.shape).filter((name) => !NOT_SORTED_BY.has(name));

const query = z.strictObject({
  ...filterFields,
  sort: z.enum(columns).default("conversation_start"),
  order: z.enum(["asc", "desc"]).default("desc"),
  limit: z.coerce.number().int().min(1).max(500).default(50).meta({ description: "Conversations on a page." }),
  after: z
    .string()
    .max(8000)
    .regex(/^[\w-]+$/, { error: "must be `next` of the page before" })
    .optional()
    .meta({ description: "The page after this one: `next` of the page before." }),
});

const page = z.array(z.object({ cursor: z.string(), session_key: z.string() }).loose());

/** GET /api/reports/conversations. */
export const conversationsRoute = defineRoute({
  method: "get",
  path: "/api/reports/conversations",
  tag: "Reports",
  summary: "Conversations, a page at a time, in any order",
  description:
    "A page deep in the list costs what the first does; none comes twice or is left out because others come meanwhile.",
  access: "reader",
  ...noInput,
  query,
  responses: {
    200: [
      {
        description: "A page.",
        type: "application/json",
        schema: z.object({
          rows: z.array(reportRows.conversations),
          next: z.string().nullable().meta({ description: "Where the next page begins (?after=); null: none." }),
        }),
      },
    ],
  },
  problems: [404, 409],
  handle: async ({ reads, db }, { query: given, reader, res }) => {
    const { sort, order, limit, after } = given;
    const filters = await scoped(db, reader, given);
    const found = await readReport(
      reads,
      sql`
        select to_json(r) as row
        from public.report_conversations(${filterFor(filters)}, sort => ${sort}, descending => ${order === "desc"},
          page_size => ${limit + 1}, after => ${after === undefined ? null : decoded(after)}) as r`,
    );
    const rows = page.parse(found);
    const last = rows.length > limit ? rows[limit - 1] : undefined;
    res.json({
      rows: rows.slice(0, limit).map(({ cursor, session_key, ...row }) => row),
      next: last === undefined ? null : Buffer.from(last.cursor).toString("base64url"),
    });
  },
});

function decoded(after: string): string {
  const cursor = Buffer.from(after, "base64url").toString();
  if (cursor.includes("\0")) throw new Problem(400, "invalid_filter", "This is no cursor of this list.");
  return cursor;
}
