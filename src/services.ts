import type { HttpSettings } from "./http/settings.ts";
import type { Logger } from "./log.ts";
import type { Worker } from "./worker/worker.ts";

/** What the services need. */
export type ServiceOptions = {
  databaseUrl: string;
  log: Logger;
  /** Whether a worker counts tokens in this process. */
  worker: boolean;
  /** Where and how the HTTP API is served; not at all where it is undefined. */
  http?: HttpSettings | undefined;
};

/** What runs beside the database for as long as `start` does. */
export type Services = {
  /** Where the HTTP API is, if it is served. */
  httpUrl: string | undefined;
  stop: () => Promise<void>;
};

const AN_HOUR_MS = 3_600_000;

/** Starts what runs in the foreground of `start`, and returns how to end it. The triggers need nothing of it. */
export async function startServices({ databaseUrl, log, worker, http }: ServiceOptions): Promise<Services> {
  // First, since a port may be taken: then nothing has begun.
  const serving = http && (await (await import("./http/server.ts")).startHttp({ databaseUrl, log, settings: http }));
  const counting = worker ? await startWorkerOr(() => serving?.stop(), databaseUrl, log) : undefined;
  // Keeps the process alive where the database is somebody else's process.
  const alive = setInterval(() => {}, AN_HOUR_MS);
  return {
    httpUrl: serving?.url,
    stop: async () => {
      clearInterval(alive);
      await serving?.stop();
      await counting?.stop();
    },
  };
}

async function startWorkerOr(undo: () => Promise<void> | undefined, databaseUrl: string, log: Logger): Promise<Worker> {
  try {
    const { startWorker } = await import("./worker/worker.ts");
    return await startWorker({ databaseUrl, log });
  } catch (error) {
    await undo();
    throw error;
  }
}
