import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { stringify } from "csv-stringify";
import type { Response } from "express";
import { z } from "zod";
import { readLines } from "./export-lines.ts";
import { Problem } from "./problem.ts";
import { columns as sortable } from "./report-conversations.ts";
import { filterFields, filterFor, scoped } from "./report-filter.ts";
import { reportRows } from "./report-schemas.ts";
import { defineRoute, noInput } from "./route.ts";

// Each holds a connection for as long as its reader takes.
const AT_ONCE = 3;
const LONGEST_STALL_MS = 60_000;
// Its snapshot keeps the database from clearing away what is dead.
const LONGEST_MS = 900_000;
const TYPES = { csv: "text/csv; charset=utf-8; header=present", ndjson: "application/x-ndjson; charset=utf-8" };
const COLUMNS = Object.keys(reportRows.conversations.shape);

const shown = z
  .string()
  .max(1000)
  .transform((text, context) => {
    const parsed = z.array(z.enum(COLUMNS)).safeParse(text.split(","));
    if (parsed.success) return [...new Set(parsed.data)];
    context.addIssue("must be columns with commas between them, as in session_id,total_tokens");
    return z.NEVER;
  })
  .optional()
  .meta({ description: "Only these columns, in this order, with commas between them.", type: "string" });

const query = z.strictObject({
  ...filterFields,
  format: z.enum(["csv", "ndjson"]).default("csv"),
  columns: shown,
  sort: z.enum(sortable).optional().meta({ description: "In the order of the list by this column." }),
  order: z.enum(["asc", "desc"]).default("desc").meta({ description: "With sort." }),
});

const underWay = new WeakMap<object, number>();

/** GET /api/reports/export. */
export const exportRoute = defineRoute({
  method: "get",
  path: "/api/reports/export",
  tag: "Reports",
  summary: "Conversations, all of them, as CSV or NDJSON",
  description:
    "One line for each conversation, streamed. In CSV a text that a spreadsheet would take for a formula has a ' in front.",
  access: "reader",
  ...noInput,
  query,
  responses: {
    200: [
      { description: "CSV with a header.", type: "text/csv" },
      { description: "A JSON object on each line.", type: "application/x-ndjson", schema: reportRows.conversations },
    ],
  },
  problems: [404, 409, 429],
  handle: async ({ reads, db }, { query: given, reader, req, res, gone }) => {
    const { format, columns = COLUMNS, sort, order } = given;
    const filters = await scoped(db, reader, given);
    const running = underWay.get(db) ?? 0;
    if (running >= AT_ONCE) {
      throw new Problem(429, "too_many_exports", "Other exports are under way.", { headers: { "retry-after": "10" } });
    }
    underWay.set(db, running + 1);
    try {
      const ended = AbortSignal.any([gone, AbortSignal.timeout(LONGEST_MS)]);
      const send = (lines: AsyncIterable<string[]>) => sendLines(lines, { format, columns }, res, ended);
      if (req.method === "HEAD") return void begin(res, format).end();
      await readLines(reads, { columns, sort, descending: order === "desc" }, filterFor(filters), send);
    } finally {
      underWay.set(db, (underWay.get(db) ?? 1) - 1);
    }
  },
});

function begin(res: Response, format: keyof typeof TYPES): Response {
  res.set({
    "content-type": TYPES[format],
    "content-disposition": `attachment; filename="conversations.${format}"`,
    "cache-control": "private, no-store",
  });
  return res;
}

async function sendLines(
  lines: AsyncIterable<string[]>,
  { format, columns }: { format: keyof typeof TYPES; columns: string[] },
  res: Response,
  signal: AbortSignal,
): Promise<void> {
  begin(res, format);
  // Who takes nothing for a minute holds a connection to the database for nothing.
  res.setTimeout(LONGEST_STALL_MS, () => res.destroy());
  // Each part of the pipeline listens, beside those who log, limit and measure: more than Node takes for usual.
  res.setMaxListeners(20);
  if (format === "ndjson") return pipeline(Readable.from(texts(lines)), res, { signal });
  const csv = stringify({ header: true, columns, escape_formulas: true, quoted_string: true, cast: CAST });
  await pipeline(Readable.from(objects(lines)), csv, res, { signal });
}

const CAST = { boolean: (value: boolean) => String(value) };

async function* texts(lines: AsyncIterable<string[]>): AsyncGenerator<string> {
  for await (const some of lines) yield `${some.join("\n")}\n`;
}

async function* objects(lines: AsyncIterable<string[]>): AsyncGenerator<unknown> {
  for await (const some of lines) for (const line of some) yield JSON.parse(line);
}
