import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/** Stands between the API and its database, and can lose the answer to a commit. */
export type CuttingProxy = { url: string; cutAtCommit: () => void; close: () => Promise<void> };

/** Starts one. Once told to, it hands the next commit on, and cuts the connection before its answer is through. */
export async function cuttingProxy(databaseUrl: string): Promise<CuttingProxy> {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let armed = false;
  const server = createServer((client) => {
    const database = connect(Number(target.port), target.hostname);
    let cutting = false;
    client.on("data", (chunk) => {
      if (armed && chunk.includes("commit")) {
        armed = false;
        cutting = true;
      }
      database.write(chunk);
    });
    database.on("data", (chunk) => {
      // The answer: by now it is committed.
      if (cutting) return void client.destroy();
      client.write(chunk);
    });
    for (const [one, other] of [
      [client, database],
      [database, client],
    ] as const) {
      sockets.add(one);
      one.on("error", () => {});
      one.once("close", () => other.destroy());
    }
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const url = new URL(databaseUrl);
  url.port = typeof address === "object" && address !== null ? String(address.port) : "";
  return {
    url: url.href,
    cutAtCommit: () => {
      armed = true;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
