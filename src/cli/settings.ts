import { z } from "zod";
import { loadSettings, type Settings } from "../config.ts";
import { createLogger, type Logger } from "../log.ts";

const globals = z.object({
  databaseUrl: z.string().optional(),
  quiet: z.boolean().default(false),
  debug: z.boolean().default(false),
});

/** What a command is run with: the environment, with the command line's own options on top. */
export type CliSettings = Settings & {
  quiet: boolean;
  log: Logger;
  /** Whether the database was named with --database-url, and not by the environment. */
  fromOption: boolean;
};

/** A command as far as it is needed here. */
export type ParsedCommand = { optsWithGlobals: () => unknown };

/** Reads the environment and the options that every command has. */
export function readSettings(command: ParsedCommand): CliSettings {
  const options = globals.parse(command.optsWithGlobals());
  const environment =
    options.databaseUrl === undefined ? process.env : { ...process.env, DATABASE_URL: options.databaseUrl };
  const settings = loadSettings(environment);
  return {
    ...settings,
    quiet: options.quiet,
    log: createLogger(options.debug ? "debug" : settings.logLevel),
    fromOption: options.databaseUrl !== undefined,
  };
}

/** A command line for a hint, which keeps to the database of this one. */
export function commandLine(settings: CliSettings, rest: string): string {
  return `npx conversation-metrics ${rest}${settings.fromOption ? " --database-url …" : ""}`;
}
