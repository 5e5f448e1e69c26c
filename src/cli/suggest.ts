import { findColumn, type Proposal, propose } from "../attach/propose.ts";
import { identifier } from "../attach/statement.ts";
import { readTable, type Table } from "../attach/table.ts";
import type { Sql } from "../database.ts";
import { UserError } from "../errors.ts";
import { shellWord } from "./format.ts";
import { UNUSABLE } from "./report-error.ts";

type Kind = "messages" | "leads" | "feedback";

/** The SQL of a view over a table, to edit, and how to attach it. Throws a UserError where there is no such table. */
export async function suggest(sql: Sql, name: string, source = "support"): Promise<string> {
  const table = await readTable(sql, name);
  if (table === undefined) {
    throw new UserError(`There is no table ${name}.`, {
      hint: 'Write it with its schema, and as SQL does: chat.messages, public."Message"',
      exitCode: UNUSABLE,
    });
  }
  const kinds = kindsOf(table);
  const views = [];
  for (const kind of kinds) views.push(viewText(table, kind, await propose(sql, table, kind)));
  return [
    `-- Proposed from the columns, types, foreign keys and some rows of ${table.name}. Read it, edit it, run it.`,
    ...views,
    attachText(table, kinds, source),
  ].join("\n\n");
}

function kindsOf(table: Table): Kind[] {
  const has = (what: Parameters<typeof findColumn>[1]) => findColumn(table, what) !== undefined;
  if (has("text") || has("question")) {
    // Thumbs on the message row; a column of such a name that holds a long text is none.
    const rating = findColumn(table, "rating");
    const rated = rating !== undefined && (rating.type === "boolean" || rating.values.length > 0);
    return rated ? ["messages", "feedback"] : ["messages"];
  }
  if (has("rating")) return ["feedback"];
  return has("email") ? ["leads"] : ["messages"];
}

const viewName = (table: Table, kind: Kind) => `${table.schema}.${identifier(`${baseName(table)}_as_${kind}`)}`;

function baseName(table: Table): string {
  const last = /("(?:[^"]|"")+"|[^".]+)$/.exec(table.name)?.[1] ?? table.name;
  return last.replaceAll(/^"|"$/g, "").replaceAll('""', '"');
}

function viewText(table: Table, kind: Kind, { columns, joins, conditions, missing }: Proposal): string {
  const lines = columns.map(([name, { sql, note }], index) => {
    const comma = index < columns.length - 1 ? "," : "";
    return `  ${sql} as ${name}${comma}${note === undefined ? "" : ` -- ${note}`}`;
  });
  return [
    ...missing.map((what) => `-- MISSING ${what}`),
    `create view ${viewName(table, kind)} as`,
    "select",
    ...lines,
    `from ${table.name} as m`,
    ...joins,
    ...(conditions.length === 0 ? [] : [`where ${conditions.join(" and ")}`]),
  ]
    .join("\n")
    .concat(";");
}

function attachText(table: Table, kinds: Kind[], source: string): string {
  const options = kinds.map((kind) => `--${kind} ${shellWord(viewName(table, kind))}`);
  const composite = table.primaryKey.length > 1;
  const key = table.primaryKey.map((name) => `source.${identifier(name)}::text`).join(" || ':' || ");
  const keys = composite ? kinds.map((kind) => `--key ${shellWord(`${kind}=${table.name}:${key}`)}`) : [];
  const index = `create unique index on ${table.name} ((${key.replaceAll("source.", "")}));`;
  const views = kinds.includes("messages") ? options : ["--messages …", ...options];
  return [
    ...(composite ? ["-- Rows are looked up by their id:", index, ""] : []),
    "-- Then, to attach it (with --print to see the SQL only):",
    `-- npx conversation-metrics attach ${source} ${[...views, ...keys].join(" ")}`,
  ].join("\n");
}
