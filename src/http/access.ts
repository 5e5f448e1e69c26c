import { createHash, timingSafeEqual } from "node:crypto";
import type { Request } from "express";
import { Problem } from "./problem.ts";
import type { ApiToken } from "./settings.ts";

/** Who reads: of one organization (null: the rows without one), or of all (undefined). */
export type Reader = { organization: string | null | undefined };

const LOOPBACK = /^(127(\.\d+){3}|::1|::ffff:127(\.\d+){3})$/;
const LOCAL_NAMES = /^(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/i;
const FORWARDED = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];

const digest = (text: string) => createHash("sha256").update(text).digest();

/** Tells who reads, or throws the problem to answer with. Without any token configured it is whoever is on this machine. */
export function createAccess(tokens: ApiToken[]): (req: Request) => Reader {
  const known = tokens.map(({ secret, organization }) => ({ hash: digest(secret), organization }));
  return (req) => {
    if (known.length === 0) return localReader(req);
    const [, given = ""] = /^Bearer +([^\s]+)$/i.exec(req.get("authorization") ?? "") ?? [];
    const hash = digest(given);
    // All of them, each in the same time: the time taken tells nothing.
    const matching = known.filter((token) => timingSafeEqual(token.hash, hash));
    const [found] = matching;
    if (given === "" || found === undefined)
      throw unauthorized("Reading needs a token: Authorization: Bearer <token>.");
    return { organization: found.organization };
  };
}

// Not through a proxy on this machine, and not by a name that somebody's page made point here.
function localReader(req: Request): Reader {
  const isLocal =
    LOOPBACK.test(req.socket.remoteAddress ?? "") &&
    LOCAL_NAMES.test(req.get("host") ?? "") &&
    !FORWARDED.some((header) => req.get(header) !== undefined);
  if (!isLocal) throw unauthorized("Reading from elsewhere needs a token, and none is configured (API_TOKEN).");
  return { organization: undefined };
}

function unauthorized(detail: string): Problem {
  return new Problem(401, "token_needed", detail, { headers: { "www-authenticate": "Bearer" } });
}

/**
 * The organization to read, as asked for and as the reader may: undefined for all, null for rows without
 * one. Throws the problem to answer with where it is somebody else's.
 */
export function organizationFor(reader: Reader, asked: string | undefined): string | null | undefined {
  const wanted = asked === "none" ? null : asked;
  if (reader.organization === undefined) return wanted;
  if (wanted !== undefined && wanted !== reader.organization) {
    throw new Problem(403, "other_organization", "The token is of another organization.");
  }
  return reader.organization;
}
