import type { Sql } from "../database.ts";
import { errorCode, UserError } from "../errors.ts";
import type { Organization, StoredKey } from "../keys/store.ts";
import { NONE, toSecond } from "./format.ts";
import type { Output } from "./output.ts";
import { UNUSABLE } from "./report-error.ts";

/** An organization as the command line names it: an id, `none` or `all`; in the form that the metrics have it in. */
export async function organizationNamed(sql: Sql, text: string): Promise<Organization> {
  if (text === "all") return undefined;
  if (text === "none") return null;
  const [column] = await sql<[{ type: string }?]>`
    select format_type(atttypid, atttypmod) as type from pg_attribute
    where attrelid = to_regclass('public.conversation_metrics') and attname = 'organization_id'`;
  try {
    const [row] = await sql<[{ id: string }]>`
      select (${text}::text)::${sql.unsafe(column?.type ?? "text")}::text as id`;
    return row.id;
  } catch (error) {
    if (!/^22/.test(errorCode(error) ?? "")) throw error;
    throw new UserError(`No organization can have the id ${text}: ids are of type ${column?.type}.`, {
      hint: "Name one as the column organization_id has it, or say none or all.",
      exitCode: UNUSABLE,
      cause: error,
    });
  }
}

/** What a key is for, in words. */
export function purpose({ scope, every_organization, organization_id, widget_id }: StoredKey): string {
  const of = every_organization
    ? "all organizations"
    : organization_id === null
      ? "rows without an organization"
      : `organization ${organization_id}`;
  const does = { write: "writes for", read: "reads", admin: "reads and writes for" }[scope];
  return `${does} ${of}${widget_id === null ? "" : `, widget ${widget_id}`}`;
}

/** Prints keys as a table. */
export function printKeys(out: Output, keys: StoredKey[]): void {
  out.table(
    [
      { name: "id", number: true },
      { name: "name" },
      { name: "key" },
      { name: "scope" },
      { name: "organization" },
      { name: "widget", spare: 4 },
      { name: "state" },
      { name: "used", spare: 2 },
      { name: "expires", spare: 3 },
      { name: "created", spare: 1 },
    ],
    keys.map((key) => [
      key.id,
      key.kind === "session" ? `${key.name} (session)` : key.name,
      `${key.prefix}…`,
      key.scope,
      key.every_organization ? "all" : (key.organization_id ?? "none"),
      key.widget_id ?? NONE,
      key.state,
      key.last_used_at === null ? "never" : toSecond(key.last_used_at),
      key.expires_at === null ? "never" : toSecond(key.expires_at),
      toSecond(key.created_at),
    ]),
  );
}
