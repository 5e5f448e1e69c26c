import cors from "cors";
import express, { type NextFunction, type Request, type RequestHandler, type Response } from "express";
import { createAccess } from "./access.ts";
import { confine, letIn } from "./caller.ts";
import { createLimits } from "./limits.ts";
import { Problem } from "./problem.ts";
import type { Context, Route } from "./route.ts";

const LARGEST_BODY = "100kb";

/** What a request passes before its route has it. Cheapest first: who asks too often costs no look-up, and of who is unknown no body is read. */
export function createGuards({ keys, settings }: Context) {
  const { localAccess, widgetOrigins } = settings;
  const access = createAccess({ keys, localAccess, widgetOrigins });
  const limits = createLimits(settings.limits);
  const readJson = [requireJson, express.json({ limit: LARGEST_BODY })];
  return (route: Route): RequestHandler[] => {
    switch (route.access) {
      case "public":
        return route.limited ? [limits.readsOfAddress] : [];
      case "reader":
        return [limits.readsOfAddress, letIn(access, "read"), limits.readsOfKey];
      case "admin":
        return [limits.readsOfAddress, letIn(access, "admin"), limits.readsOfKey];
      case "widget":
        return [
          limits.postsOfAddress,
          letIn(access, "write"),
          limits.postsOfKey,
          ...readJson,
          confine(route),
          limits.postsOfWidget,
        ];
    }
  };
}

/** Lets pages of these origins post, and read the answers. */
export function widgetCors(origins: string[]) {
  return cors({
    origin: origins,
    methods: ["POST"],
    allowedHeaders: ["authorization", "content-type", "x-request-id"],
    exposedHeaders: ["x-request-id", "ratelimit", "ratelimit-policy", "retry-after"],
    maxAge: 600,
  });
}

function requireJson(req: Request, _res: Response, next: NextFunction): void {
  // Also what keeps a page of somebody else's from posting without asking first.
  if (req.is("application/json") !== "application/json") {
    throw new Problem(415, "unsupported_media", "Send JSON: Content-Type: application/json.");
  }
  next();
}
