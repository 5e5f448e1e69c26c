import type { Request } from "express";
import type { Organization, Scope } from "../keys/store.ts";
import type { Key, Keys } from "./keys.ts";
import { isLocal } from "./local.ts";
import { Problem } from "./problem.ts";

/** Who asks. */
export type Caller = Pick<Key, "organization" | "scope" | "widget" | "expiresAt"> & {
  /** What let them in: a key, a browser's session, or that they are on this machine. */
  by: Key["kind"] | "machine";
  /** Of the key or session. */
  id: string;
};

/** Who reads: of one organization (null: the rows without one), or of all (undefined). */
export type Reader = { organization: Organization };

/** What a route needs: who is on the left may do what is on the right. */
const MAY: Record<Scope, readonly Scope[]> = { write: ["write"], read: ["read"], admin: ["write", "read", "admin"] };

/** What {@link createAccess} goes by. */
export type AccessOptions = {
  keys: Keys;
  /** Whether whoever is on this machine needs no key. */
  localAccess: boolean;
  widgetOrigins: string[];
};

/** Tells who asks, where they may what they ask for, or throws the problem to answer with. */
export type Access = (req: Request, needs: Scope) => Promise<Caller>;

/** The one place where it is decided who may do what. */
export function createAccess({ keys, localAccess, widgetOrigins }: AccessOptions): Access {
  return async (req, needs) => {
    const caller =
      (await byKey(keys, req)) ?? (await sessionOf(keys, req)) ?? (localAccess ? onMachine(req) : undefined);
    if (caller === undefined) {
      throw unauthorized(
        "key_needed",
        "A key is needed: Authorization: Bearer cm_… (conversation-metrics keys create).",
      );
    }
    if (!MAY[caller.scope].includes(needs)) {
      throw new Problem(
        403,
        "wrong_scope",
        `This needs a key of scope ${needs === "admin" ? needs : `${needs} or admin`}.`,
      );
    }
    if (needs === "admin" && caller.organization !== undefined) {
      throw new Problem(403, "other_organization", "This needs a key of all organizations.");
    }
    if (req.method !== "GET" && req.method !== "HEAD") checkOrigin(req, caller, widgetOrigins);
    return caller;
  };
}

async function byKey(keys: Keys, req: Request): Promise<Caller | undefined> {
  const given = req.get("authorization");
  if (given === undefined) return undefined;
  const [, secret = ""] = /^Bearer +([^\s]+)$/i.exec(given) ?? [];
  const key = await keys.find(secret);
  // Not by what else there is: who sends a key means that one.
  if (key?.kind !== "key") throw unauthorized("invalid_key", "There is no such key, or it was revoked or has expired.");
  return { ...key, by: "key" };
}

/** The cookie of a browser's session. */
export const SESSION_COOKIE = "conversation_metrics_session";

/** The session that a browser's cookie is of. */
export async function sessionOf(keys: Keys, req: Request): Promise<Caller | undefined> {
  const [, secret] = new RegExp(`(?:^|;\\s*)${SESSION_COOKIE}=([\\w-]+)`).exec(req.get("cookie") ?? "") ?? [];
  const key = secret === undefined ? undefined : await keys.find(secret);
  return key?.kind === "session" ? { ...key, by: "session" } : undefined;
}

function onMachine(req: Request): Caller | undefined {
  if (!isLocal(req)) return undefined;
  return { by: "machine", id: "", scope: "admin", organization: undefined, widget: null, expiresAt: null };
}

// A page of somebody else's may use neither a visitor's session nor a widget's key, which everybody can read.
function checkOrigin(req: Request, { by }: Caller, widgetOrigins: string[]): void {
  const origin = req.get("origin");
  // Browsers always send it with what changes something. Other programs that have a session have no need of it.
  if (origin === undefined ? by !== "session" : isOwn(req, origin)) return;
  if (by !== "session" && origin !== undefined && widgetOrigins.includes(origin)) return;
  throw new Problem(403, "other_origin", "Pages of this origin may not do this (WIDGET_ORIGINS).");
}

// By name and port: behind a proxy that speaks TLS the scheme may be another.
function isOwn(req: Request, origin: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === req.host;
}

function unauthorized(code: string, detail: string): Problem {
  return new Problem(401, code, detail, { headers: { "www-authenticate": "Bearer" } });
}

/**
 * The organization to read, as asked for and as the reader may: undefined for all, null for rows without
 * one. Throws the problem to answer with where it is somebody else's.
 */
export function organizationFor(reader: Reader, asked: string | undefined): Organization {
  const wanted = asked === "none" ? null : asked;
  if (reader.organization === undefined) return wanted;
  if (wanted !== undefined && wanted !== reader.organization) {
    throw new Problem(403, "other_organization", "The key is of another organization.");
  }
  return reader.organization;
}

/**
 * A body as its writer may send it: within the organization and the widget of their key, also where it names
 * none. Throws the problem to answer with where it names somebody else's.
 */
export function confined(writer: Caller, body: unknown, fields: readonly string[]): unknown {
  if (typeof body !== "object" || body === null || Array.isArray(body)) return body; // Which no schema lets through.
  const { organization, widget } = writer;
  const own = {
    ...(organization === undefined ? {} : { organization_id: organization }),
    ...(widget === null ? {} : { widget_id: widget }),
  };
  const confining = Object.entries(own).filter(([field]) => fields.includes(field));
  for (const [field, value] of confining) {
    const named: unknown = Reflect.get(body, field);
    const id = typeof named === "number" ? String(named) : named;
    if (id !== undefined && id !== value) {
      throw new Problem(403, `other_${field.replace("_id", "")}`, `The key is of another ${field.replace("_id", "")}.`);
    }
  }
  return { ...body, ...Object.fromEntries(confining.filter(([, value]) => value !== null)) };
}
