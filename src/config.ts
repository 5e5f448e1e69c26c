import { resolve } from "node:path";
import { z } from "zod";
import { UserError } from "./errors.ts";

/** What a database's URL must be; said without the value, which may hold a password. */
export const DATABASE_URL_RULE = "must look like postgres://user:password@host:5432/database";

export function isDatabaseUrl(text: string): boolean {
  return /^postgres(ql)?:\/\//.test(text) && URL.canParse(text);
}

const databaseUrl = z.string().refine(isDatabaseUrl, { error: DATABASE_URL_RULE });

/** A variable that is set to nothing (as docker compose does with ${NAME:-}) is not set. */
export function optional<T extends z.ZodType>(schema: T) {
  return z.preprocess((value) => (value === "" ? undefined : value), schema);
}

/** A whole number of a range, with an error that a person understands. */
export function whole(least: number, most: number) {
  const error = `must be a whole number from ${least} to ${most}`;
  return z.coerce
    .number({ error })
    .refine((value) => Number.isInteger(value) && value >= least && value <= most, { error });
}

/** One of several words. */
export function oneOf<const T extends [string, ...string[]]>(words: T) {
  return z.enum(words, { error: `must be one of ${words.join(", ")}` });
}

const environment = z.object({
  DATABASE_URL: optional(databaseUrl.optional()),
  DATA_DIR: optional(z.string().default(".data")),
  DATABASE_PORT: optional(whole(1, 65_535).optional()),
  LOG_LEVEL: optional(oneOf(["trace", "debug", "info", "warn", "error", "fatal", "silent"]).default("warn")),
});

/** What the environment says, checked. */
export type Settings = {
  /** The server to use; the embedded one where this is undefined. */
  databaseUrl: string | undefined;
  /** Where the embedded server keeps its files, absolute. */
  dataDir: string;
  /** The port that the embedded server should try first. */
  databasePort: number | undefined;
  logLevel: string;
};

/** Reads the settings from the environment; a wrong value is an error that names its variable. */
export function loadSettings(env: Record<string, string | undefined> = process.env): Settings {
  const read = readEnvironment(environment, env);
  return {
    databaseUrl: read.DATABASE_URL,
    dataDir: resolve(read.DATA_DIR),
    databasePort: read.DATABASE_PORT,
    logLevel: read.LOG_LEVEL,
  };
}

/** Variables that pass a schema; a wrong value is an error that names its variable. */
export function readEnvironment<T extends z.ZodType>(schema: T, env: Record<string, string | undefined>): z.output<T> {
  const parsed = schema.safeParse(env);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  throw new UserError(`The environment holds a value that cannot be used. ${problems.join("; ")}`, {
    hint: "Correct the variable, or unset it to get its default.",
    exitCode: 2,
  });
}
