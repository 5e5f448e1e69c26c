import type { NextFunction, Request, Response } from "express";
import type { Pool } from "pg";
import { collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { Database } from "./database.ts";
import { registerFigures } from "./figures.ts";
import { routeOf } from "./request-log.ts";

/** What a monitor is told of this process and of the database. */
export type Monitoring = {
  registry: Registry;
  /** Measures each request. */
  measure: (req: Request, res: Response, next: NextFunction) => void;
};

const PREFIX = "conversation_metrics";
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Collects what Prometheus asks for. To add a figure of the database: registerFigures. */
export function createMonitoring(db: Database, pools: Record<string, Pool> = {}): Monitoring {
  const registry = new Registry();
  const duration = new Histogram({
    name: `${PREFIX}_http_request_duration_seconds`,
    help: "How long requests took. status: its class, or cut where the caller went away first.",
    labelNames: ["method", "route", "status"],
    buckets: SECONDS,
    registers: [registry],
  });
  registerPools(registry, pools);
  registerFigures(registry, db);
  return {
    registry,
    measure: (req, res, next) => {
      const observe = duration.startTimer();
      res.once("close", () => {
        const status = res.writableFinished ? `${Math.floor(res.statusCode / 100)}xx` : "cut";
        observe({ method: req.method, route: routeOf(req), status });
      });
      next();
    },
  };
}

/** Adds what Node.js tells of the process: memory, processor, event loop. One registry a process. */
export function addProcessFigures({ registry }: Monitoring): void {
  collectDefaultMetrics({ register: registry });
}

function registerPools(registry: Registry, pools: Record<string, Pool>): void {
  new Gauge({
    name: `${PREFIX}_pool_connections`,
    help: "Connections to the database, by what they are for; idle ones wait for work.",
    labelNames: ["pool", "state"],
    registers: [registry],
    collect() {
      for (const [pool, { totalCount, idleCount }] of Object.entries(pools)) {
        this.set({ pool, state: "total" }, totalCount);
        this.set({ pool, state: "idle" }, idleCount);
      }
    },
  });
  new Gauge({
    name: `${PREFIX}_pool_waiting`,
    help: "Requests that wait for a connection.",
    labelNames: ["pool"],
    registers: [registry],
    collect() {
      for (const [pool, { waitingCount }] of Object.entries(pools)) this.set({ pool }, waitingCount);
    },
  });
}
