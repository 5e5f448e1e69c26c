import { createServer, type Server } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { atMost } from "../at-most.ts";
import { createBuiltIn } from "../chat/built-in.ts";
import { createService } from "../chat/service.ts";
import type { Logger } from "../log.ts";
import { createPool } from "../worker/pool.ts";
import { createApp } from "./app.ts";
import { endWithAnswers } from "./closing.ts";
import { createDatabase } from "./database.ts";
import { listen, urlOf } from "./listen.ts";
import { addProcessFigures, createMonitoring } from "./monitoring.ts";
import { createPatience } from "./patience.ts";
import type { HttpSettings } from "./settings.ts";

/** What {@link startHttp} needs. */
export type HttpOptions = { databaseUrl: string; log: Logger; settings: HttpSettings };

/** The API, listening. */
export type HttpServer = {
  url: string;
  /** Takes no more requests, and finishes those under way: within a few seconds, cut short after that. */
  stop: () => Promise<void>;
};

const WRITERS = 8;
const READERS = 5;
// For keys and the state of things, which wait for nobody.
const OWN = 2;
// A restart takes less; who asks while the database is away for longer is told at once.
const LONGEST_OUTAGE_MS = 10_000;
// For what is on its way to connections that are kept, so that it finds them open.
const LAST_REQUESTS_MS = 100;
const FINISH_WITHIN_MS = 5000;
// For what was cut short to store what there is of it.
const CLEAN_UP_MS = 2000;
const CLOSE_EVERY_MS = 50;

/** Listens and serves the API. Throws a UserError where the port is taken. */
export async function startHttp({ databaseUrl, log, settings }: HttpOptions): Promise<HttpServer> {
  const writers = createPool(databaseUrl, WRITERS, log, "http");
  const readers = createPool(databaseUrl, READERS, log, "http");
  const own = createPool(databaseUrl, OWN, log, "http");
  const end = async () => {
    await atMost(CLEAN_UP_MS, Promise.all([writers, readers, own].map((pool) => pool.end())));
  };
  const [draining, stopping] = [new AbortController(), new AbortController()];
  const patience = createPatience(LONGEST_OUTAGE_MS, stopping.signal);
  const probe = createDatabase(own);
  const monitoring = createMonitoring(probe, { write: writers, read: readers, own });
  addProcessFigures(monitoring);
  const underWay = new Set<Promise<void>>();
  const app = createApp({
    db: createDatabase(writers, patience),
    reads: createDatabase(readers, patience),
    own: createDatabase(own, patience),
    probe,
    monitoring,
    log,
    answerer: settings.service === undefined ? createBuiltIn() : createService(settings.service),
    settings: settings.app,
    draining: draining.signal,
    stopping: stopping.signal,
    onWork: (work) => {
      const done = work.catch(() => {}).finally(() => underWay.delete(done));
      underWay.add(done);
    },
  });
  const server = createServer(app);
  endWithAnswers(server, draining.signal);
  // Slow senders hold a connection no longer than this.
  server.requestTimeout = 30_000;
  server.headersTimeout = 15_000;
  try {
    const port = await listen(server, settings);
    const stop = async () => {
      draining.abort();
      await sleep(Math.max(settings.stopDelayMs, LAST_REQUESTS_MS));
      await stopServer(server, stopping, underWay).finally(end);
    };
    let stopped: Promise<void> | undefined;
    return { url: urlOf(settings.host, port), stop: () => (stopped ??= stop()) };
  } catch (error) {
    await end();
    throw error;
  }
}

async function stopServer(server: Server, stopping: AbortController, underWay: Set<Promise<void>>): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const finished = Promise.all([closed, settled(underWay)]);
  // Those on which nothing was asked yet.
  const closing = setInterval(() => server.closeIdleConnections(), CLOSE_EVERY_MS);
  await atMost(FINISH_WITHIN_MS, finished);
  stopping.abort(new Error("The server is stopping."));
  await atMost(CLEAN_UP_MS, finished);
  server.closeAllConnections();
  clearInterval(closing);
  await closed;
}

async function settled(work: Set<Promise<void>>): Promise<void> {
  while (work.size > 0) await Promise.all(work);
}
