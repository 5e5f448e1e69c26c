import express, { type Express, type NextFunction, type Request, type Response } from "express";
import helmet from "helmet";
import type { Answerer } from "../chat/answerer.ts";
import type { Logger } from "../log.ts";
import type { Database } from "./database.ts";
import { describeError } from "./describe-error.ts";
import { DOCS_STYLE, docsPage } from "./docs-page.ts";
import { createGuards, widgetCors } from "./guards.ts";
import { createKeys } from "./keys.ts";
import { createMonitoring, type Monitoring } from "./monitoring.ts";
import { openApiDocument } from "./openapi.ts";
import { Problem, sendProblem } from "./problem.ts";
import { logRequests, requestId } from "./request-log.ts";
import type { Context, Route } from "./route.ts";
import { routes } from "./routes.ts";
import { serveRoute } from "./serve-route.ts";
import type { AppSettings } from "./settings.ts";
import { createSourceTables } from "./source-tables.ts";
import { serveStatic } from "./static.ts";
import { toProblem } from "./to-problem.ts";

/** What the application needs. */
export type AppOptions = {
  db: Database;
  /** Other connections for what reads, so that no writer waits for a report; `db` unless given. */
  reads?: Database;
  /** More of them, for looking keys up: nobody waits for a report to be let in. `db` unless given. */
  own?: Database;
  /** The same without patience, for whether the database is there. */
  probe?: Database;
  monitoring?: Monitoring;
  log: Logger;
  /** Who answers POST /api/chat. */
  answerer: Answerer;
  settings: AppSettings;
  /** Aborted when the process is told to end: requests are still answered. */
  draining?: AbortSignal;
  /** Aborted when the process ends and cannot wait any longer for requests under way. */
  stopping?: AbortSignal;
  /** Hears of the work of each request, which may outlast its connection. */
  onWork?: (work: Promise<void>) => void;
};

/** The HTTP API as an Express application. It never listens: that is the caller's. */
export function createApp(options: AppOptions): Express {
  const { db, log, answerer, settings, onWork = () => {} } = options;
  const probe = options.probe ?? db;
  const never = new AbortController().signal;
  const context: Context = {
    db,
    reads: options.reads ?? db,
    log,
    answerer,
    settings,
    tables: createSourceTables(db),
    keys: createKeys(options.own ?? db, log),
    probe,
    monitoring: options.monitoring ?? createMonitoring(probe),
    draining: options.draining ?? never,
    stopping: options.stopping ?? never,
  };
  const app = express();
  app.disable("x-powered-by");
  app.set("trust proxy", settings.trustProxy);
  app.set("query parser", "simple");
  app.use(context.monitoring.measure);
  app.use(logRequests(log));
  app.use(
    helmet({ contentSecurityPolicy: { useDefaults: false, directives: POLICY }, crossOriginResourcePolicy: false }),
  );
  serveDocs(app, routes);
  app.use(serveStatic());
  const before = createGuards(context);
  for (const route of routes) {
    const path = expressPath(route);
    if (route.access === "widget" && settings.widgetOrigins.length > 0)
      app.use(path, widgetCors(settings.widgetOrigins));
    app[route.method](path, ...before(route), serveRoute(route, { context, onWork }));
    app.all(path, refuseMethod(route));
  }
  app.use(() => {
    throw new Problem(404, "no_route", "There is nothing here. What there is: /docs");
  });
  app.use(answerError(log));
  return app;
}

// No script at all, and nothing from elsewhere.
const POLICY = {
  "default-src": ["'none'"],
  "style-src": ["'self'"],
  "base-uri": ["'none'"],
  "form-action": ["'none'"],
  "frame-ancestors": ["'none'"],
};

const expressPath = ({ path }: Route) => path.replaceAll(/\{(\w+)\}/g, ":$1");

function refuseMethod({ method }: Route) {
  const allow = method === "get" ? "GET, HEAD" : method.toUpperCase();
  return () => {
    throw new Problem(405, "wrong_method", `This takes ${allow}.`, { headers: { allow } });
  };
}

function serveDocs(app: Express, served: readonly Route[]): void {
  const document = openApiDocument(served);
  const page = docsPage(document);
  app.get("/openapi.json", (_req, res) => {
    res.set("cache-control", "no-cache").json(document);
  });
  app.get("/docs", (_req, res) => {
    res.set("cache-control", "no-cache").type("html").send(page);
  });
  app.get("/docs/style.css", (_req, res) => {
    res.set("cache-control", "no-cache").type("css").send(DOCS_STYLE);
  });
}

function answerError(log: Logger) {
  // Express knows it by its four parameters.
  return (error: unknown, req: Request, res: Response, _next: NextFunction): void => {
    const problem = toProblem(error);
    if (problem.status >= 500) {
      log.error({ request_id: requestId(req), error: describeError(problem.cause ?? error) }, problem.code);
    }
    if (res.headersSent)
      res.destroy(); // A body that breaks off must not look whole.
    else sendProblem(req, res, problem, requestId(req));
  };
}
