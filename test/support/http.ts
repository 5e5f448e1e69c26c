import { once } from "node:events";
import { createServer, request } from "node:http";
import { pino } from "pino";
import type { Answerer } from "../../src/chat/answerer.ts";
import { createBuiltIn } from "../../src/chat/built-in.ts";
import { createService } from "../../src/chat/service.ts";
import { createApp } from "../../src/http/app.ts";
import { createDatabase } from "../../src/http/database.ts";
import type { Limits } from "../../src/http/limits.ts";
import { type AppSettings, loadHttpSettings } from "../../src/http/settings.ts";
import { createKey, type NewKey } from "../../src/keys/store.ts";
import { silentLogger } from "../../src/log.ts";
import { createPool } from "../../src/worker/pool.ts";
import { test as withDatabase } from "./database.ts";
import { type FakeService, startFakeService } from "./fake-service.ts";

/** An answer as a test looks at it. */
export type Reply = { status: number; headers: Headers; text: string; json: Json };

// biome-ignore lint/suspicious/noExplicitAny: what a test reads it compares at once.
type Json = any;

/** The API on a port of its own, and what it logged. */
export type Api = {
  url: string;
  lines: string[];
  get: (path: string, headers?: Record<string, string>) => Promise<Reply>;
  post: (path: string, body: unknown, headers?: Record<string, string>) => Promise<Reply>;
  /** Waits until no request is under way, also none whose caller went away. */
  idle: () => Promise<void>;
};

/** What a test may choose. */
export type ServeOptions = {
  settings?: Partial<AppSettings>;
  answerer?: Answerer;
  stopping?: AbortSignal;
  draining?: AbortSignal;
  databaseUrl?: string;
};

/** The settings of an empty environment, with the embedded server. */
export const defaults = (): AppSettings => loadHttpSettings({}, { localAccess: true }).app;

/** Limits that no test reaches, but for those given. */
export const limits = (given: Partial<Limits> = {}): Limits => ({
  perIp: 1e6,
  perWidget: 1e6,
  perKey: 1e6,
  reads: 1e6,
  ...given,
});

const reply = async (response: Response): Promise<Reply> => {
  const text = await response.text();
  const isJson =
    /json/.test(response.headers.get("content-type") ?? "") &&
    !/ndjson/.test(response.headers.get("content-type") ?? "");
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: isJson && text !== "" ? JSON.parse(text) : undefined,
  };
};

/**
 * A test with a database, the API on it (`serve`), keys for it (`keyFor`), and a service that answers as it is
 * told (`service`).
 */
export const test = withDatabase
  .extend("service", async ({}, { onCleanup }): Promise<FakeService> => {
    const service = await startFakeService();
    onCleanup(service.close);
    return service;
  })
  .extend("keyFor", ({ db }) => async (key: Partial<NewKey>) => {
    const { secret, id } = await createKey(db, {
      kind: "key",
      name: "test",
      scope: "read",
      organization: null,
      ...key,
    });
    return { secret, id, headers: { authorization: `Bearer ${secret}` } };
  })
  .extend("serve", ({ url: ownUrl }, { onCleanup }) => {
    const closing: (() => Promise<void>)[] = [];
    onCleanup(async () => {
      await Promise.all(closing.map((close) => close()));
    });
    return async (options: ServeOptions = {}): Promise<Api> => {
      const lines: string[] = [];
      const pool = createPool(options.databaseUrl ?? ownUrl, 5, silentLogger, "http");
      const work = new Set<Promise<void>>();
      const app = createApp({
        db: createDatabase(pool),
        log: pino({ level: "trace", base: null }, { write: (line) => lines.push(line) }),
        answerer: options.answerer ?? createBuiltIn(),
        settings: { ...defaults(), ...options.settings },
        ...(options.stopping === undefined ? {} : { stopping: options.stopping }),
        ...(options.draining === undefined ? {} : { draining: options.draining }),
        onWork: (promise) => work.add(promise.catch(() => {})),
      });
      const server = createServer(app).listen(0, "127.0.0.1");
      await once(server, "listening");
      closing.push(async () => {
        server.closeAllConnections();
        server.close();
        await Promise.all(work);
        await pool.end();
      });
      const address = server.address();
      const url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
      return {
        url,
        lines,
        get: async (path, headers = {}) => reply(await fetch(url + path, { headers })),
        post: async (path, body, headers = {}) =>
          reply(
            await fetch(url + path, {
              method: "POST",
              headers: { "content-type": "application/json", ...headers },
              body: typeof body === "string" ? body : JSON.stringify(body),
            }),
          ),
        idle: async () => {
          await Promise.all(work);
        },
      };
    };
  });

/** An answerer that asks the fake service. */
export const asking = ({ url }: FakeService, timeoutMs = 3000): Answerer =>
  createService({ apiKey: "sk-test", baseUrl: url, model: "gpt-test", timeoutMs });

/** The events of a stream, with their data. */
export const eventsIn = (text: string): { event: string; data: Json }[] =>
  text
    .split("\n\n")
    .filter((block) => block.startsWith("event: "))
    .map((block) => {
      const [, event = "", data = ""] = /^event: (\w+)\ndata: (.*)$/.exec(block) ?? [];
      return { event, data: JSON.parse(data) };
    });

/** The status of a GET with the headers as they are given: fetch sets Host and Cache-Control itself. */
export const raw = (url: string, headers: Record<string, string>): Promise<number> =>
  new Promise((resolve, reject) => {
    request(url, { headers }, (res) => {
      res.resume();
      resolve(res.statusCode ?? 0);
    })
      .once("error", reject)
      .end();
  });
