import { styleText } from "node:util";
import { asUserError } from "../database-errors.ts";
import { errorCode, UserError } from "../errors.ts";

/** A check failed, or a statement did. */
export const FAILED = 1;

/** The command cannot be run as it stands: its options, the environment, the way to the database. */
export const UNUSABLE = 2;

const ENVIRONMENT = /^(E[A-Z]+|CONNECT_TIMEOUT|CONNECTION_[A-Z]+|08...|28...|3D000|53300|57P0[1-5]|42501)$/;

/** Prints an error as `error: … / hint: …` (the stack only with `debug`) and returns the exit code. */
export function reportError(error: unknown, debug: boolean): number {
  const known = asUserError(error);
  const code = errorCode(known instanceof UserError && known.cause !== undefined ? known.cause : known);
  const environmental = code !== undefined && ENVIRONMENT.test(code);
  if (known instanceof UserError) {
    print(known.message, known.hint);
  } else if (code !== undefined && error instanceof Error) {
    print(error.message, undefined);
  } else {
    const bug = "This looks like a defect of conversation-metrics. Its place: run the same again with --debug.";
    print(error instanceof Error ? error.message : String(error), debug ? undefined : bug);
  }
  if (debug) console.error(error);
  if (environmental) return UNUSABLE;
  if (known instanceof UserError) return known.exitCode;
  return code === undefined ? UNUSABLE : FAILED;
}

function print(message: string, hint: string | undefined): void {
  const style = { stream: process.stderr };
  console.error(`${styleText(["red", "bold"], "error:", style)} ${message}`);
  if (hint) console.error(`${styleText(["cyan", "bold"], "hint:", style)} ${hint}`);
}
