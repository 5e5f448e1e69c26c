import { isIP } from "node:net";
import type { NextFunction, Request, RequestHandler, Response } from "express";
import { ipKeyGenerator, rateLimit } from "express-rate-limit";
import { z } from "zod";
import { callerOf } from "./caller.ts";
import { Problem } from "./problem.ts";

/** How many requests a minute are taken. */
export type Limits = {
  /** Posts from one address. */
  perIp: number;
  /** Posts for one widget. */
  perWidget: number;
  /** Posts with one key. */
  perKey: number;
  /** Reads from one address, and with one key or session. */
  reads: number;
};

const MINUTE_MS = 60_000;

const named = z.object({ widget_id: z.coerce.string(), organization_id: z.coerce.string().optional() });

/** The limits, each with its own count in this process. */
export function createLimits({ perIp, perWidget, perKey, reads }: Limits) {
  return {
    postsOfAddress: limit({ limit: perIp, identifier: "address" }, addressOf),
    // Posts that name no widget are limited by their address and key alone.
    postsOfWidget: limit({ limit: perWidget, identifier: "widget" }, widgetOf),
    postsOfKey: limit({ limit: perKey, identifier: "key" }, keyOf),
    readsOfAddress: limit({ limit: reads, identifier: "address" }, addressOf),
    readsOfKey: limit({ limit: reads, identifier: "key" }, keyOf),
  };
}

type Counted = { limit: number; identifier: string };

// What is counted by nothing is not limited.
function limit(counted: Counted, countedBy: (req: Request) => string | undefined): RequestHandler {
  return rateLimit({
    windowMs: MINUTE_MS,
    legacyHeaders: false,
    standardHeaders: "draft-8",
    // It would complain on the console about a header that we do not believe anyway.
    validate: { xForwardedForHeader: false, forwardedHeader: false },
    handler: (_req: Request, _res: Response, next: NextFunction) =>
      next(new Problem(429, "too_many_requests", "Too many requests: wait a little.")),
    ...counted,
    skip: (req) => countedBy(req) === undefined,
    keyGenerator: (req) => countedBy(req) ?? "",
  });
}

// An IPv6 /56 is one address. What a proxy tells that is none counts as the proxy's.
function addressOf({ ip = "", socket }: Request): string {
  return ipKeyGenerator(isIP(ip) > 0 ? ip : (socket.remoteAddress ?? ""));
}

function keyOf(req: Request): string | undefined {
  const caller = callerOf(req);
  return caller === undefined || caller.by === "machine" ? undefined : caller.id;
}

function widgetOf(req: Request): string | undefined {
  const parsed = named.safeParse(req.body);
  return parsed.success ? JSON.stringify([parsed.data.organization_id, parsed.data.widget_id]) : undefined;
}
