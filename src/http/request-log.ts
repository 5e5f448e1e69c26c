import { randomUUID } from "node:crypto";
import type { NextFunction, Request, Response } from "express";
import type { Logger } from "../log.ts";
import { callerOf } from "./caller.ts";

const GIVEN_ID = /^[\w.:-]{8,64}$/;
const ids = new WeakMap<Request, string>();

/** The id of a request: the caller's own X-Request-Id where it is a plain one, else a new one. */
export function requestId(req: Request): string {
  const known = ids.get(req);
  if (known !== undefined) return known;
  const given = req.get("x-request-id") ?? "";
  const id = GIVEN_ID.test(given) ? given : randomUUID();
  ids.set(req, id);
  return id;
}

/**
 * Logs a line for each request when it ends: the route, not the address, in which ids and texts may stand;
 * neither bodies nor headers.
 */
export function logRequests(log: Logger) {
  return (req: Request, res: Response, next: NextFunction): void => {
    const start = performance.now();
    const request_id = requestId(req);
    res.set("x-request-id", request_id);
    res.once("close", () => {
      const line = {
        request_id,
        method: req.method,
        route: routeOf(req),
        status: res.statusCode,
        key: callerOf(req)?.id || undefined,
        ms: Math.round(performance.now() - start),
        finished: res.writableFinished,
      };
      if (res.statusCode >= 500) log.error(line, "request failed");
      else log.info(line, "request");
    });
    next();
  };
}

/** The route of a request, as it is written where it is served. */
export function routeOf(req: Request): string {
  const route: unknown = req.route;
  if (typeof route !== "object" || route === null || !("path" in route)) return "(none)";
  return typeof route.path === "string" ? route.path : "(none)";
}
