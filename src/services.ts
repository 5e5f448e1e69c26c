import type { Logger } from "./log.ts";

/** What the services need. */
export type ServiceOptions = {
  databaseUrl: string;
  log: Logger;
  /** Whether a worker counts tokens in this process. */
  worker: boolean;
};

/** What runs beside the database for as long as `start` does. */
export type Services = { stop: () => Promise<void> };

const AN_HOUR_MS = 3_600_000;

/**
 * Starts what runs in the foreground of `start`, and returns how to end it. The triggers need nothing:
 * the worker counts tokens exactly, and an HTTP server has its place here.
 */
export async function startServices({ databaseUrl, log, worker }: ServiceOptions): Promise<Services> {
  const { startWorker } = await import("./worker/worker.ts");
  const counting = worker ? await startWorker({ databaseUrl, log }) : undefined;
  // Keeps the process alive where the database is somebody else's process.
  const alive = setInterval(() => {}, AN_HOUR_MS);
  return {
    stop: async () => {
      clearInterval(alive);
      await counting?.stop();
    },
  };
}
