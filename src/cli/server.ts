import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "../database.ts";
import { runningEmbedded } from "../embedded/running.ts";
import { type EmbeddedServer, startEmbedded } from "../embedded/server.ts";
import { errorCode, UserError } from "../errors.ts";
import type { CliSettings } from "./settings.ts";

const POLL_MS = 200;
const PATIENCE_MS = 30_000;
const WAIT_FOR_OTHERS = "60s";

// Any number that no other program is likely to use: shared by the commands that work, taken by the one that ends.
const LOCK = 5_077_310_652_411;

// What a server says, or its socket, while it starts or ends.
const PASSING = ["57P01", "57P03", "ECONNREFUSED", "ECONNRESET", "EPIPE", "CONNECTION_CLOSED", "CONNECTION_ENDED"];

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
  if (!create && !existsSync(join(dataDir, "postgres"))) {
    throw new UserError(`There is no database: DATABASE_URL is not set, and ${dataDir} holds no embedded one.`, {
      hint: "Make one and keep it running: npx conversation-metrics start. Or name yours: --database-url postgres://…",
      exitCode: 2,
    });
  }
  // Other commands may be starting or ending the same server right now.
  for (const until = Date.now() + PATIENCE_MS; ; await sleep(POLL_MS)) {
    try {
      return (await joinRunning(dataDir)) ?? (await startOwn(settings, report));
    } catch (error) {
      const passing = PASSING.includes(errorCode(error) ?? "") || (await runningEmbedded(dataDir)) !== undefined;
      if (!passing || Date.now() > until) throw error;
    }
  }
}

async function joinRunning(dataDir: string): Promise<Server | undefined> {
  const url = await runningEmbedded(dataDir);
  if (url === undefined) return undefined;
  const release = await hold(url);
  return { url, embedded: true, close: release };
}

async function startOwn(settings: CliSettings, report: (message: string) => void): Promise<Server> {
  const server = await startEmbedded({ dataDir: settings.dataDir, port: settings.databasePort, report });
  const release = await hold(server.url);
  const close = async () => {
    await release();
    await endAfterOthers(server);
  };
  return { url: server.url, embedded: true, close };
}

// A shared lock until we are done: whoever ends the server waits for it.
async function hold(url: string): Promise<() => Promise<void>> {
  const sql = connect(url, { max: 1, arrayTypes: false });
  const release = () => sql.end({ timeout: 1 });
  try {
    await sql`select pg_advisory_lock_shared(${LOCK})`;
    return release;
  } catch (error) {
    await release();
    throw error;
  }
}

// A second command that found the server running must not lose it in the middle of its work. Whoever asks
// for the shared lock from here on waits, is cut off with the server, and starts one of its own.
async function endAfterOthers(server: EmbeddedServer): Promise<void> {
  const last = connect(server.url, { max: 1, arrayTypes: false });
  try {
    await last`select set_config('lock_timeout', ${WAIT_FOR_OTHERS}, false)`;
    await last`select pg_advisory_lock(${LOCK})`;
  } catch (error) {
    // Somebody takes too long and will see the server end; or it is ending already.
    if (![...PASSING, "55P03"].includes(errorCode(error) ?? "")) throw error;
  } finally {
    await server.stop();
    await last.end({ timeout: 1 });
  }
}
