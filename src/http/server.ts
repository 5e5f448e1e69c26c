import { createServer, type Server } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { createBuiltIn } from "../chat/built-in.ts";
import { createService } from "../chat/service.ts";
import { errorCode, UserError } from "../errors.ts";
import type { Logger } from "../log.ts";
import { createPool } from "../worker/pool.ts";
import { createApp } from "./app.ts";
import { createDatabase } from "./database.ts";
import type { HttpSettings } from "./settings.ts";

/** What {@link startHttp} needs. */
export type HttpOptions = { databaseUrl: string; log: Logger; settings: HttpSettings };

/** The API, listening. */
export type HttpServer = {
  url: string;
  /** Takes no more requests, and finishes those under way: within a few seconds, cut short after that. */
  stop: () => Promise<void>;
};

const FIRST_PORT = 3000;
const PORTS = 20;
const WRITERS = 8;
const READERS = 5;
// For keys and the state of things, which wait for nobody.
const OWN = 2;
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
  const stopping = new AbortController();
  const underWay = new Set<Promise<void>>();
  const app = createApp({
    db: createDatabase(writers),
    reads: createDatabase(readers),
    own: createDatabase(own),
    log,
    answerer: settings.service === undefined ? createBuiltIn() : createService(settings.service),
    settings: settings.app,
    stopping: stopping.signal,
    onWork: (work) => {
      const done = work.catch(() => {}).finally(() => underWay.delete(done));
      underWay.add(done);
    },
  });
  const server = createServer(app);
  // Slow senders hold a connection no longer than this.
  server.requestTimeout = 30_000;
  server.headersTimeout = 15_000;
  try {
    const port = await listen(server, settings);
    const stop = () => stopServer(server, stopping, underWay).finally(end);
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
  // A connection whose last answer went out would be kept for the next request.
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

async function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  const waiting = new AbortController();
  await Promise.race([work, sleep(ms, undefined, { signal: waiting.signal }).catch(() => {})]);
  waiting.abort();
}

async function listen(server: Server, { port, host }: HttpSettings): Promise<number> {
  const last = port === undefined ? FIRST_PORT + PORTS - 1 : port;
  for (let next = port ?? FIRST_PORT; ; next += 1) {
    try {
      return await listenOn(server, next, host);
    } catch (error) {
      if (errorCode(error) === "EADDRINUSE" && next < last) continue;
      throw explained(error, port === undefined ? `${FIRST_PORT} to ${last}` : String(port), host);
    }
  }
}

function listenOn(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host }, () => {
      server.off("error", reject);
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}

function explained(error: unknown, ports: string, host: string): unknown {
  const other = "Choose another (--http-port or PORT), or do without: --no-http";
  switch (errorCode(error)) {
    case "EADDRINUSE":
      return new UserError(`Something else listens on port ${ports} of ${host}.`, {
        hint: other,
        exitCode: 2,
        cause: error,
      });
    case "EACCES":
      return new UserError(`This account may not listen on port ${ports}.`, { hint: other, exitCode: 2, cause: error });
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return new UserError(`This machine has no address ${host}.`, {
        hint: "Correct HOST.",
        exitCode: 2,
        cause: error,
      });
    default:
      return error;
  }
}

function urlOf(host: string, port: number): string {
  const name = host === "0.0.0.0" || host === "::" ? "localhost" : host.includes(":") ? `[${host}]` : host;
  return `http://${name}:${port}`;
}
