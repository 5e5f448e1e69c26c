import { createServer } from "node:net";
import { UserError } from "../errors.ts";

const HOST = "127.0.0.1";

/** Whether the port can be listened on now; 0 asks the system for any. */
function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(undefined));
    server.listen({ host: HOST, port, exclusive: true }, () => {
      const address = server.address();
      const got = typeof address === "object" && address !== null ? address.port : port;
      server.close(() => resolve(got));
    });
  });
}

/** The first free port from `first` upwards; any free port for 0. */
export async function freePort(first: number): Promise<number> {
  const last = Math.min(first + 100, 65535);
  for (let port = first; port <= last; port += 1) {
    const free = await tryPort(port);
    if (free !== undefined) return free;
  }
  throw new UserError(`No port from ${first} to ${last} is free on ${HOST}.`, {
    hint: "Set DATABASE_PORT to a free one.",
  });
}
