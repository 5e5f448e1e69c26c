import { z } from "zod";
import { readReport } from "./report-sql.ts";
import { defineRoute, noInput } from "./route.ts";
import { sql } from "./sql.ts";

const answer = z.object({ sources: z.array(z.string()) });

/** GET /api/sources. */
export const sourcesRoute = defineRoute({
  method: "get",
  path: "/api/sources",
  tag: "Reports",
  summary: "Which tables there are to report on",
  description:
    "The names that `source` takes: `default` first, where it is there. A key of an organization reads that alone.",
  access: "reader",
  ...noInput,
  responses: { 200: [{ description: "Their names.", type: "application/json", schema: answer }] },
  handle: async ({ db }, { reader, res }) => {
    const names = await readReport(
      db,
      sql`
        select to_json(name) as row from metrics.attachments
        where name = 'default' or ${reader.organization === undefined}
        order by name <> 'default', name`,
    );
    res.json(answer.parse({ sources: names }));
  },
});
