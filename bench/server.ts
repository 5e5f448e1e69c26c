import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type Sql } from "../src/database.ts";
import { startEmbedded } from "../src/embedded/server.ts";
import { onShutdown } from "../src/shutdown.ts";

// Nothing waits for the disk, so that the work of the processor is measured: what the engine adds is
// hidden otherwise, since it adds no commit of its own. No autovacuum or checkpoint falls into one
// variant's time and not into another's. All else is PostgreSQL's default.
const UNFLUSHED = { fsync: "off", synchronous_commit: "off", full_page_writes: "off" };
const STEADY = {
  autovacuum: "off",
  shared_buffers: "512MB",
  max_wal_size: "20GB",
  checkpoint_timeout: "1h",
};

/** What a commit waits for: nothing, or, as PostgreSQL does unless told otherwise, its own records on the disk. */
export type Commits = "unflushed" | "flushed";

/** The server under measurement. */
export type BenchServer = {
  admin: Sql;
  urlOf: (database: string) => string;
  /** Whether its processes run on this machine, where their CPU time can be read. */
  isLocal: boolean;
  stop: () => Promise<void>;
};

/** BENCH_DATABASE_URL where it is set, else an embedded server that goes when the run ends. */
export function startServer(): Promise<BenchServer> {
  const given = process.env.BENCH_DATABASE_URL;
  return given ? Promise.resolve(serverAt(given, false, async () => {})) : startOwnServer("unflushed");
}

/** An embedded server that goes when it is stopped, or the run ends. */
export async function startOwnServer(commits: Commits): Promise<BenchServer> {
  const settings = commits === "flushed" ? STEADY : { ...STEADY, ...UNFLUSHED };
  const dataDir = await mkdtemp(join(tmpdir(), "conversation-metrics-bench-"));
  const remove = () => rm(dataDir, { recursive: true, force: true });
  // Registered before the server's own end, so it comes after it when the run is interrupted.
  const withdraw = onShutdown(remove);
  const server = await startEmbedded({ dataDir, port: 0, settings });
  return serverAt(server.url, true, async () => {
    await server.stop();
    await remove();
    withdraw();
  });
}

function serverAt(serverUrl: string, isLocal: boolean, end: () => Promise<void>): BenchServer {
  const admin = connect(serverUrl, { max: 1, applicationName: "conversation-metrics bench" });
  return {
    admin,
    urlOf: (database) => {
      const url = new URL(serverUrl);
      url.pathname = `/${database}`;
      return url.href;
    },
    isLocal,
    stop: async () => {
      await admin.end();
      await end();
    },
  };
}

/** The settings that decide the figures, as the server itself reports them. */
export async function settingsOf(admin: Sql): Promise<string> {
  const rows = await admin<{ name: string; value: string }[]>`
    select name, current_setting(name) as value
    from unnest(${[...Object.keys({ ...UNFLUSHED, ...STEADY }), "work_mem", "jit"]}::text[]) with ordinality as names (name, position)
    order by position`;
  return rows.map((row) => `${row.name} = ${row.value}`).join(", ");
}
