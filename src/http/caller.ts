import type { NextFunction, Request, RequestHandler, Response } from "express";
import type { Scope } from "../keys/store.ts";
import { type Access, type Caller, confined } from "./access.ts";
import type { Route } from "./route.ts";

const callers = new WeakMap<Request, Caller>();

/** Who asks where nobody needs to say it. */
export const NOBODY: Caller = {
  by: "machine",
  id: "",
  scope: "read",
  organization: null,
  widget: null,
  expiresAt: null,
};

/** Who asks, as {@link letIn} found out. */
export function callerOf(req: Request): Caller | undefined {
  return callers.get(req);
}

/** Finds out who asks, and lets nobody else go on. */
export function letIn(access: Access, needs: Scope): RequestHandler {
  return async (req, _res, next) => {
    callers.set(req, await access(req, needs));
    next();
  };
}

/** Keeps a body that was read within what its writer may write. */
export function confine({ body }: Route): RequestHandler {
  const fields = Object.keys(body.shape);
  return (req: Request, _res: Response, next: NextFunction) => {
    const caller = callerOf(req);
    if (caller !== undefined) req.body = confined(caller, req.body, fields);
    next();
  };
}
