import { errorCode, UserError } from "./errors.ts";

// Where the database's URL may have come from: this does not know from which.
const GIVEN = "DATABASE_URL (or --database-url)";

const CURES: Record<string, string> = {
  ECONNREFUSED: `Is the server running? Check host and port in ${GIVEN}. Or unset it for a database in this folder: npx conversation-metrics start`,
  ENOTFOUND: `Check the host name in ${GIVEN}.`,
  EAI_AGAIN: `Check the host name in ${GIVEN}, and the network.`,
  ETIMEDOUT: `Check host and port in ${GIVEN}, and what stands between (a firewall, a VPN).`,
  CONNECT_TIMEOUT: `Check host and port in ${GIVEN}, and what stands between (a firewall, a VPN).`,
  CONNECTION_CLOSED: "The server went away: look into its log, then run the command again.",
  CONNECTION_ENDED: "The server went away: look into its log, then run the command again.",
  "28P01": `Check user and password in ${GIVEN}.`,
  "28000": `Check user and password in ${GIVEN}, and the server's pg_hba.conf.`,
  "3D000": `Check the database name in ${GIVEN}, or create it: createdb <name>`,
  "42501": "Use a role that owns the tables, or has the right that is named.",
  "53300": "The server is out of connections: close some, or raise max_connections.",
  "55P03": "Another transaction holds the table: try again in a moment, or without lock_timeout.",
  "57P03": "The server is starting or stopping: try again in a moment.",
};

// Files of ours are those of the embedded server alone; what a command writes elsewhere says so itself.
const FILE_CURES: Record<string, string> = {
  EACCES: "Its data has to be in a folder of yours: set DATA_DIR to one, or DATABASE_URL to a server.",
  EROFS: "Its data has to be in a folder that can be written to: set DATA_DIR to one, or DATABASE_URL to a server.",
  ENOTDIR: "Set DATA_DIR to a folder.",
  ENOSPC: "The disk is full.",
};

function textField(error: object, field: "message" | "hint" | "detail"): string | undefined {
  const value: unknown = Reflect.get(error, field);
  return typeof value === "string" && value !== "" ? value : undefined;
}

/**
 * Gives an error of the database or of the way to it (of pg or of postgres.js) with its cure: the
 * server's own HINT, or one of ours. An error that has none comes back as it is.
 */
export function asUserError(error: unknown): unknown {
  if (error instanceof UserError || typeof error !== "object" || error === null) return error;
  const code = errorCode(error);
  const cures = "path" in error ? FILE_CURES : CURES;
  const hint = textField(error, "hint") ?? (code === undefined ? undefined : cures[code]);
  if (hint === undefined) return error;
  const message = textField(error, "message") ?? `The database cannot be reached (${code}).`;
  const detail = textField(error, "detail");
  return new UserError(detail === undefined ? message : `${message} (${detail})`, { hint, cause: error });
}
