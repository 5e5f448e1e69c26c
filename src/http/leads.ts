import { again } from "./again.ts";
import { defineRoute, noInput } from "./route.ts";
import { leadBody, storedAnswer } from "./schemas.ts";
import { readMetrics, sessionRef } from "./session.ts";
import { listFor, timeFor } from "./source-tables.ts";
import { sql } from "./sql.ts";

/** POST /api/leads. */
export const leadsRoute = defineRoute({
  method: "post",
  path: "/api/leads",
  tag: "Write",
  summary: "Store a lead of a session",
  description: "A session has the contact details of its latest lead. A lead may come before the first message.",
  access: "widget",
  ...noInput,
  body: leadBody,
  responses: { 201: [{ description: "Stored.", type: "application/json", schema: storedAnswer }] },
  problems: [501, 503],
  handle: async ({ db, tables }, { body, res }) => {
    const columns = await tables.columns("leads");
    const { key, organization } = await sessionRef(db, columns, body);
    const stored = await again(() =>
      db.begin("read write", async (tx) => {
        const { names, values } = listFor(columns, {
          organization_id: organization,
          session_id: body.session_id,
          widget_id: body.widget_id ?? null,
          user_id: body.user_id ?? null,
          name: body.name ?? null,
          email: body.email ?? null,
          phone: body.phone ?? null,
          company: body.company ?? null,
          custom_fields: sql`${JSON.stringify(body.custom_fields ?? {})}::text::jsonb`,
          created_at: timeFor(columns, "created_at"),
        });
        const [row] = await tx.query<{ id: string }>(sql`
          insert into public.leads (${names}) values (${values}) returning id::text`);
        return { id: row?.id ?? "", metrics: await readMetrics(tx, key) };
      }),
    );
    res.status(201).set("cache-control", "no-store").json(stored);
  },
});
