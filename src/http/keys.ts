import { hashOf, isSecret, newSecret } from "../keys/secret.ts";
import type { Organization, Scope } from "../keys/store.ts";
import type { Logger } from "../log.ts";
import type { Database } from "./database.ts";
import { describeError } from "./describe-error.ts";
import { type Fragment, sql } from "./sql.ts";

/** A key that holds, or a browser's session. */
export type Key = {
  id: string;
  kind: "key" | "session";
  scope: Scope;
  organization: Organization;
  widget: string | null;
  expiresAt: Date | null;
};

/** The keys of the database. */
export type Keys = {
  /** The key that a secret is of; undefined where there is none, or it holds no longer. */
  find: (secret: string) => Promise<Key | undefined>;
  /** Exchanges the code of a sign-in link, once, for a session; undefined where it cannot be used. */
  exchange: (code: string) => Promise<{ secret: string; expiresAt: Date } | undefined>;
  /** Ends a browser's session. */
  end: (id: string) => Promise<void>;
};

// How long a key that was revoked still opens. Looked up for each request, light ones take twice as long: measured,
// 2,400 a second instead of 5,600.
const KNOWN_FOR_MS = 2000;
const MOST_KNOWN = 1000;
const SESSION_HOURS = 12;

type Row = {
  key_id: string;
  kind: "key" | "session";
  scope: Scope;
  every_organization: boolean;
  organization_id: string | null;
  widget_id: string | null;
  expires_at: Date | null;
  was_used: boolean;
};

/** Looks keys up, and remembers each for a moment. */
export function createKeys(db: Database, log: Logger): Keys {
  const known = new Map<string, { until: number; key: Promise<Key | undefined> }>();
  const lookUp = async (hash: string): Promise<Key | undefined> => {
    const [row] = await db.query<Row>(sql`
      select key_id::text, kind, scope, every_organization, organization_id, widget_id, expires_at,
        last_used_at > clock_timestamp() - interval '1 minute' as was_used
      from metrics.api_keys
      where hash = ${bytes(hash)} and kind <> 'login' and revoked_at is null
        and (expires_at is null or expires_at > clock_timestamp())`);
    if (row === undefined) return undefined;
    // Beside the request, which waits for nothing.
    if (row.was_used !== true) void noteUse(db, log, row.key_id);
    return keyOf(row);
  };
  return {
    find: async (secret) => {
      if (!isSecret(secret)) return undefined;
      const hash = hashOf(secret).toString("hex");
      const entry = known.get(hash);
      if (entry !== undefined && entry.until > performance.now()) return stillValid(await entry.key);
      const key = lookUp(hash);
      remember(known, hash, key);
      return key;
    },
    exchange: async (code) => {
      if (!isSecret(code)) return undefined;
      const session = newSecret();
      // One statement: of two that use the same code, the second finds it gone.
      const [row] = await db.begin("read write", (tx) =>
        tx.query<{ expires_at: Date }>(sql`
          with
            old as (delete from metrics.api_keys where kind <> 'key' and expires_at < clock_timestamp()),
            used as (
              delete from metrics.api_keys
              where kind = 'login' and hash = ${bytes(hashOf(code).toString("hex"))} and expires_at >= clock_timestamp()
              returning *
            )
          insert into metrics.api_keys (kind, name, scope, every_organization, organization_id, hash, prefix, expires_at)
          select 'session', name, scope, every_organization, organization_id, ${bytes(session.hash.toString("hex"))},
            ${session.prefix}, clock_timestamp() + make_interval(hours => ${SESSION_HOURS})
          from used
          returning expires_at`),
      );
      return row === undefined ? undefined : { secret: session.text, expiresAt: row.expires_at };
    },
    end: async (id) => {
      await db.begin("read write", (tx) =>
        tx.query(sql`delete from metrics.api_keys where kind = 'session' and key_id = ${id}`),
      );
      known.clear();
    },
  };
}

function bytes(hex: string): Fragment {
  return sql`decode(${hex}, 'hex')`;
}

function keyOf({ key_id, kind, scope, every_organization, organization_id, widget_id, expires_at }: Row): Key {
  const organization = every_organization ? undefined : organization_id;
  return { id: key_id, kind, scope, organization, widget: widget_id, expiresAt: expires_at };
}

function stillValid(key: Key | undefined): Key | undefined {
  return key?.expiresAt && key.expiresAt.getTime() <= Date.now() ? undefined : key;
}

function remember(
  known: Map<string, { until: number; key: Promise<Key | undefined> }>,
  hash: string,
  key: Promise<Key | undefined>,
) {
  // Of secrets that nobody has there may come any number.
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(hash, { until: performance.now() + KNOWN_FOR_MS, key });
  const forget = () => known.delete(hash);
  key.then((found) => found ?? forget(), forget);
}

async function noteUse(db: Database, log: Logger, id: string): Promise<void> {
  try {
    await db.query(sql`
      update metrics.api_keys set last_used_at = clock_timestamp()
      where key_id = ${id} and (last_used_at is null or last_used_at < clock_timestamp() - interval '1 minute')`);
  } catch (error) {
    log.debug({ error: describeError(error) }, "the use of a key could not be noted");
  }
}
