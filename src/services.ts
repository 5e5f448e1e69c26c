import type { Logger } from "./log.ts";

/** What a service needs. */
export type ServiceOptions = { databaseUrl: string; log: Logger };

/** What runs beside the database for as long as `start` does. */
export type Services = { stop: () => Promise<void> };

const AN_HOUR_MS = 3_600_000;

/**
 * Starts what runs in the foreground of `start`, and returns how to end it. The triggers need nothing:
 * a worker for exact token counts and an HTTP server have their place here.
 */
export async function startServices(_options: ServiceOptions): Promise<Services> {
  // Keeps the process alive where the database is somebody else's process.
  const alive = setInterval(() => {}, AN_HOUR_MS);
  return {
    stop: async () => clearInterval(alive),
  };
}
