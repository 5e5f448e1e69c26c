import type { Server } from "node:http";
import { errorCode, UserError } from "../errors.ts";

const FIRST_PORT = 3000;
const PORTS = 20;

/** Where to listen. */
export type Where = { port: number | undefined; host: string };

/** Listens on the port, or on the first free one, and returns it. Throws a UserError where none is to be had. */
export async function listen(server: Server, { port, host }: Where): Promise<number> {
  const last = port === undefined ? FIRST_PORT + PORTS - 1 : port;
  for (let next = port ?? FIRST_PORT; ; next += 1) {
    try {
      return await listenOn(server, next, host);
    } catch (error) {
      if (errorCode(error) === "EADDRINUSE" && next < last) continue;
      throw explained(error, port === undefined ? `${FIRST_PORT} to ${last}` : String(port), host);
    }
  }
}

function listenOn(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host }, () => {
      server.off("error", reject);
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}

function explained(error: unknown, ports: string, host: string): unknown {
  const other = "Choose another (--http-port or PORT), or do without: --no-http";
  switch (errorCode(error)) {
    case "EADDRINUSE":
      return new UserError(`Something else listens on port ${ports} of ${host}.`, {
        hint: other,
        exitCode: 2,
        cause: error,
      });
    case "EACCES":
      return new UserError(`This account may not listen on port ${ports}.`, { hint: other, exitCode: 2, cause: error });
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return new UserError(`This machine has no address ${host}.`, {
        hint: "Correct HOST.",
        exitCode: 2,
        cause: error,
      });
    default:
      return error;
  }
}

/** Where it is, for whoever calls it. */
export function urlOf(host: string, port: number): string {
  const name = host === "0.0.0.0" || host === "::" ? "localhost" : host.includes(":") ? `[${host}]` : host;
  return `http://${name}:${port}`;
}
