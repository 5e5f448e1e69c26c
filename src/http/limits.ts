import type { NextFunction, Request, Response } from "express";
import { rateLimit } from "express-rate-limit";
import { z } from "zod";
import { Problem } from "./problem.ts";

const MINUTE_MS = 60_000;

const named = z.object({ widget_id: z.coerce.string(), organization_id: z.coerce.string().optional() });

const common = {
  windowMs: MINUTE_MS,
  legacyHeaders: false,
  // It would complain on the console about a header that we do not believe anyway.
  validate: { xForwardedForHeader: false, forwardedHeader: false },
  handler: (_req: Request, _res: Response, next: NextFunction) =>
    next(new Problem(429, "too_many_requests", "Too many requests: wait a little.")),
};

/** At most so many posts a minute from one address (an IPv6 /56 is one). */
export function limitPerAddress(limit: number) {
  return rateLimit({ ...common, limit, standardHeaders: "draft-8", identifier: "address" });
}

/** At most so many posts a minute for one widget; posts that name none are limited by their address alone. */
export function limitPerWidget(limit: number) {
  return rateLimit({
    ...common,
    limit,
    standardHeaders: "draft-8",
    identifier: "widget",
    skip: (req) => widgetOf(req) === undefined,
    keyGenerator: (req) => widgetOf(req) ?? "",
  });
}

function widgetOf(req: Request): string | undefined {
  const parsed = named.safeParse(req.body);
  return parsed.success ? JSON.stringify([parsed.data.organization_id, parsed.data.widget_id]) : undefined;
}
