import type { CookieOptions, Request } from "express";
import { z } from "zod";
import { SESSION_COOKIE, sessionOf } from "./access.ts";
import { Problem } from "./problem.ts";
import { defineRoute, noInput } from "./route.ts";

// Strict: no page of somebody else's has a browser send it. HttpOnly: no script reads it.
const cookie = (req: Request): CookieOptions => ({ httpOnly: true, sameSite: "strict", secure: req.secure, path: "/" });

const query = z.strictObject({ code: z.string().max(100).default("").meta({ description: "Of the link." }) });

/** GET /login. */
export const loginRoute = defineRoute({
  method: "get",
  path: "/login",
  tag: "Sign in",
  summary: "Use a sign-in link, once",
  description:
    "`start` prints one, and so does `conversation-metrics keys login`. The browser gets a session by cookie.",
  access: "public",
  limited: true,
  ...noInput,
  query,
  responses: { 303: [{ description: "Signed in; on to /.", type: "text/html" }] },
  problems: [401, 429],
  handle: async ({ keys }, { query: { code }, req, res }) => {
    res.set("cache-control", "no-store");
    // Who only looks ahead must not use it up: browsers do, as an address is typed.
    if (req.method === "HEAD") return void res.end();
    if (req.get("sec-purpose")?.includes("prefetch")) throw new Problem(401, "not_asked_for", "Open the link itself.");
    const session = await keys.exchange(code);
    if (session === undefined) {
      // A link that is opened again, by a browser that it signed in.
      if ((await sessionOf(keys, req)) !== undefined) return res.redirect(303, "/");
      const detail = "The link was used already, or is too old. Another: npx conversation-metrics keys login";
      throw new Problem(401, "invalid_code", detail);
    }
    res.cookie(SESSION_COOKIE, session.secret, { ...cookie(req), expires: session.expiresAt });
    res.redirect(303, "/");
  },
});

const sessionAnswer = z
  .object({
    by: z
      .enum(["key", "session", "machine"])
      .meta({ description: "What lets in: `machine` is whoever is on this one." }),
    scope: z.enum(["write", "read", "admin"]),
    organization: z.string().nullable().meta({ description: "The one that is read; null: rows without one, or all." }),
    every_organization: z.boolean(),
    expires_at: z.string().nullable().meta({ format: "date-time" }),
  })
  .meta({ id: "Session" });

/** GET /api/session. */
export const sessionRoute = defineRoute({
  method: "get",
  path: "/api/session",
  tag: "Sign in",
  summary: "Who asks, and what they may read",
  access: "reader",
  ...noInput,
  responses: { 200: [{ description: "Who asks.", type: "application/json", schema: sessionAnswer }] },
  handle: async (_context, { reader: { by, scope, organization, expiresAt }, res }) => {
    res.json({
      by,
      scope,
      organization: organization ?? null,
      every_organization: organization === undefined,
      expires_at: expiresAt?.toISOString() ?? null,
    } satisfies z.input<typeof sessionAnswer>);
  },
});

/** POST /api/session/end. */
export const signOutRoute = defineRoute({
  method: "post",
  path: "/api/session/end",
  tag: "Sign in",
  summary: "Sign out",
  access: "reader",
  ...noInput,
  responses: { 200: [{ description: "The session ended.", type: "application/json", schema: z.object({}) }] },
  handle: async ({ keys }, { reader, req, res }) => {
    if (reader.by === "session") await keys.end(reader.id);
    res.clearCookie(SESSION_COOKIE, cookie(req)).json({});
  },
});
