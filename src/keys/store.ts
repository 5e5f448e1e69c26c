import type { Sql } from "../database.ts";
import { newSecret } from "./secret.ts";

/** What a key lets do: post, read, or both and see the server's own figures. */
export type Scope = "write" | "read" | "admin";

/** Whose rows a key is for: an organization's, those of none (null), or all (undefined). */
export type Organization = string | null | undefined;

/** What a new key is for. */
export type NewKey = {
  kind: "key" | "login";
  name: string;
  scope: Scope;
  organization: Organization;
  widget?: string | undefined;
  expiresAt?: Date | undefined;
};

/** A key as it is listed; times in ISO 8601. */
export type StoredKey = {
  id: string;
  kind: "key" | "session";
  name: string;
  prefix: string;
  scope: Scope;
  every_organization: boolean;
  organization_id: string | null;
  widget_id: string | null;
  state: "valid" | "expired" | "revoked";
  created_at: string;
  last_used_at: string | null;
  expires_at: string | null;
  revoked_at: string | null;
};

/** Makes a key, and returns it with its secret, which cannot be had again. */
export async function createKey(sql: Sql, key: NewKey): Promise<StoredKey & { secret: string }> {
  const { text, hash, prefix } = newSecret();
  const [row] = await sql<[{ key_id: string }]>`
    insert into metrics.api_keys
      (kind, name, scope, every_organization, organization_id, widget_id, hash, prefix, expires_at)
    values (${key.kind}, ${key.name}, ${key.scope}, ${key.organization === undefined}, ${key.organization ?? null},
      ${key.widget ?? null}, ${hash}, ${prefix}, ${key.expiresAt ?? null})
    returning key_id`;
  const [stored] = await read(sql, sql`where key_id = ${row.key_id}`);
  if (stored === undefined) throw new Error("The key was taken away as it was made.");
  return { ...stored, secret: text };
}

/** The keys and the sessions of browsers, in the order of their making. */
export function listKeys(sql: Sql): Promise<StoredKey[]> {
  return read(sql, sql`where kind <> 'login'`);
}

/** Whether a key was ever made. */
export async function hasKeys(sql: Sql): Promise<boolean> {
  return (await sql`select from metrics.api_keys where kind = 'key' limit 1`).length > 0;
}

/** Takes keys back that an id, a prefix or a hash names; returns those that held until now. */
export async function revokeKeys(sql: Sql, named: { id?: string; prefix?: string; hash?: Buffer }) {
  const revoked = await sql<{ key_id: string }[]>`
    update metrics.api_keys set revoked_at = clock_timestamp()
    where kind <> 'login' and revoked_at is null
      and (key_id = ${named.id ?? null} or prefix = ${named.prefix ?? null} or hash = ${named.hash ?? null})
    returning key_id`;
  return read(sql, sql`where key_id = any(${revoked.map(({ key_id }) => key_id)}::bigint[])`);
}

async function read(sql: Sql, which: ReturnType<Sql>): Promise<StoredKey[]> {
  return sql<StoredKey[]>`
    select key_id::text as id, kind, name, prefix, scope, every_organization, organization_id, widget_id,
      case
        when revoked_at is not null then 'revoked'
        when expires_at <= clock_timestamp() then 'expired'
        else 'valid'
      end as state,
      to_json(created_at) #>> '{}' as created_at, to_json(last_used_at) #>> '{}' as last_used_at,
      to_json(expires_at) #>> '{}' as expires_at, to_json(revoked_at) #>> '{}' as revoked_at
    from metrics.api_keys ${which}
    order by key_id`;
}
