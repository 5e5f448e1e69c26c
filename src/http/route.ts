import type { Request, Response } from "express";
import { z } from "zod";
import type { Answerer } from "../chat/answerer.ts";
import type { Logger } from "../log.ts";
import type { Caller } from "./access.ts";
import { check } from "./check.ts";
import type { Database } from "./database.ts";
import type { Keys } from "./keys.ts";
import type { Monitoring } from "./monitoring.ts";
import type { AppSettings } from "./settings.ts";
import type { SourceTables } from "./source-tables.ts";

/** What every handler may use. */
export type Context = {
  db: Database;
  /** For what reads, which may take its time: connections of its own, and nothing but what the reader may see. */
  reads: Database;
  log: Logger;
  answerer: Answerer;
  settings: AppSettings;
  tables: SourceTables;
  /** A connection that waits for nothing: for whether the database is there. */
  probe: Database;
  monitoring: Monitoring;
  keys: Keys;
  /** Aborted when the process is told to end: requests are still answered. */
  draining: AbortSignal;
  /** Aborted when the process ends and cannot wait any longer. */
  stopping: AbortSignal;
};

/** What a handler gets of a request, checked. */
export type Input<B, Q, P> = {
  body: B;
  query: Q;
  params: P;
  /** Who asks. Of a public route it is nobody, who may read no organization's rows. */
  reader: Caller;
  req: Request;
  res: Response;
  id: string;
  /** Aborted when the caller goes away, and when the process ends. */
  gone: AbortSignal;
};

/** One kind of body that a route answers with. */
export type ResponseBody = { description: string; type: string; schema?: z.ZodType; example?: unknown };

/** What is said of a route: it is served and documented from this alone. */
export type RouteTexts = {
  method: "get" | "post";
  /** As OpenAPI writes it: /api/conversations/{session}. */
  path: string;
  tag: string;
  summary: string;
  description?: string;
  /** What is needed: a key that reads, one that writes (browsers may post from the widget's origins), an admin's, or none. */
  access: "public" | "reader" | "widget" | "admin";
  /** Whether a public route counts how often an address asks. */
  limited?: boolean;
  responses: Record<number, ResponseBody[]>;
  /** Statuses that it answers with a problem, beside those that every route of its kind has. */
  problems?: number[];
};

/** The schemas that a request must pass, for each of its parts. */
export type Schemas<B extends z.ZodObject, Q extends z.ZodObject, P extends z.ZodObject> = {
  body: B;
  query: Q;
  params: P;
};

/** A request before it is checked. */
export type RawInput = Omit<Input<unknown, unknown, unknown>, "body" | "query" | "params">;

/** A route, as the list of all routes holds it. */
export type Route = RouteTexts &
  Schemas<z.ZodObject, z.ZodObject, z.ZodObject> & { run: (context: Context, input: RawInput) => Promise<void> };

const none = z.strictObject({});

/** The schemas of a request that has no input; a route names those that it has. */
export const noInput = { body: none, query: none, params: none };

/** Defines a route: its handler gets what its schemas let through. */
export function defineRoute<B extends z.ZodObject, Q extends z.ZodObject, P extends z.ZodObject>(
  route: RouteTexts &
    Schemas<B, Q, P> & {
      handle: (context: Context, input: Input<z.output<B>, z.output<Q>, z.output<P>>) => Promise<void>;
    },
): Route {
  const { handle, ...rest } = route;
  const run = (context: Context, raw: RawInput) => {
    const { req } = raw;
    return handle(context, {
      ...raw,
      params: check(route.params, req.params, ""),
      query: check(route.query, req.query, "?"),
      body: check(route.body, req.body ?? {}, "#"),
    });
  };
  return { ...rest, run };
}
