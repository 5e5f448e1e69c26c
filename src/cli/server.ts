import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "../database.ts";
import { runningEmbedded } from "../embedded/running.ts";
import { startEmbedded } from "../embedded/server.ts";
import { UserError } from "../errors.ts";
import type { CliSettings } from "./settings.ts";

const POLL_MS = 200;
const WAIT_FOR_OTHERS_MS = 60_000;

/** The server that a command uses. */
export type Server = {
  url: string;
  /** The embedded server rather than one that DATABASE_URL names. */
  embedded: boolean;
  /** Ends it where this command started it. */
  close: () => Promise<void>;
};

/**
 * Finds the server: the one that DATABASE_URL or --database-url names, else the embedded one, which is
 * started for the duration of the command where it does not run. With `create` it may be a new one.
 */
export async function openServer(
  settings: CliSettings,
  create: boolean,
  report: (message: string) => void,
): Promise<Server> {
  if (settings.databaseUrl !== undefined) return { url: settings.databaseUrl, embedded: false, close: async () => {} };
  const { dataDir } = settings;
  const running = await runningEmbedded(dataDir);
  if (running !== undefined) return { url: running, embedded: true, close: async () => {} };
  if (!create && !existsSync(join(dataDir, "postgres"))) {
    throw new UserError(`There is no database: DATABASE_URL is not set, and ${dataDir} holds no embedded one.`, {
      hint: "Make one and keep it running: npx conversation-metrics start. Or name yours: --database-url postgres://…",
      exitCode: 2,
    });
  }
  const server = await startEmbedded({ dataDir, port: settings.databasePort, report });
  const close = async () => {
    await othersAreDone(server.url);
    await server.stop();
  };
  return { url: server.url, embedded: true, close };
}

// A second command that found our server running must not lose it in the middle of its work.
async function othersAreDone(url: string): Promise<void> {
  const sql = connect(url, { max: 1 });
  try {
    const until = Date.now() + WAIT_FOR_OTHERS_MS;
    while (Date.now() < until) {
      const others = await sql`
        select from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()`;
      if (others.count === 0) return;
      await sleep(POLL_MS);
    }
  } finally {
    await sql.end();
  }
}
