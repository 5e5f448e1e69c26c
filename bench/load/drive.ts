import { cpuTimeOf } from "./cpu.ts";
import { WireConnection } from "./wire.ts";

/** What one of the writers does again and again; resolves with how many writes it made. */
export type Step = (connection: WireConnection, writer: number) => Promise<number>;

/** A load to put on a database. */
export type Load = {
  url: string;
  connections: number;
  /** Statements that each connection has on the way at once. */
  depth: number;
  statements: Record<string, string>;
  warmUpMs: number;
  windowMs: number;
  /** Whether the server's processes are on this machine. */
  isLocal: boolean;
  step: Step;
};

/** What the server did with it. */
export type LoadResult = {
  perSecond: number;
  /** CPU time of the server's processes per write, ms; NaN where it cannot be read. */
  serverCpuMs: number;
  /** CPU time of this process per write, ms. */
  clientCpuMs: number;
};

/** Runs the load, and counts what was done between the end of the warm-up and the end of the window. */
export async function drive(load: Load): Promise<LoadResult> {
  const connections = await Promise.all(Array.from({ length: load.connections }, () => open(load)));
  try {
    const pids = load.isLocal ? await Promise.all(connections.map(pidOf)) : [];
    let writes = 0;
    let stopped = false;
    const write = async (connection: WireConnection, writer: number) => {
      while (!stopped) {
        const done = await load.step(connection, writer);
        writes += done; // In one go: `writes +=` before the await would forget what others do meanwhile.
      }
    };
    const writers = connections.flatMap((connection, index) =>
      Array.from({ length: load.depth }, (_, lane) => write(connection, index * load.depth + lane)),
    );
    const ended = Promise.all(writers).finally(() => {
      stopped = true; // An error ends all of them.
    });
    const result = await Promise.race([observe(load, pids, () => writes), ended.then(() => undefined)]);
    stopped = true;
    await ended;
    if (result === undefined) throw new Error("The load ended before its time.");
    return result;
  } finally {
    for (const connection of connections) connection.close();
  }
}

async function open(load: Load): Promise<WireConnection> {
  const connection = await WireConnection.open(load.url);
  await connection.prepare("pid", "select pg_backend_pid()");
  for (const [name, text] of Object.entries(load.statements)) await connection.prepare(name, text);
  return connection;
}

async function pidOf(connection: WireConnection): Promise<number> {
  return Number(await connection.run("pid"));
}

async function observe(load: Load, pids: number[], writes: () => number): Promise<LoadResult> {
  await delay(load.warmUpMs);
  const before = await snapshot(pids, writes);
  await delay(load.windowMs);
  const after = await snapshot(pids, writes);
  const done = after.writes - before.writes;
  return {
    perSecond: (done / (after.at - before.at)) * 1000,
    serverCpuMs: (after.server - before.server) / done,
    clientCpuMs: (after.client - before.client) / done,
  };
}

async function snapshot(pids: number[], writes: () => number) {
  const server = await cpuTimeOf(pids);
  const { user, system } = process.cpuUsage();
  return { server, client: (user + system) / 1000, at: performance.now(), writes: writes() };
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
