import { styleText } from "node:util";
import { asUserError } from "../database-errors.ts";
import { errorCode, UserError } from "../errors.ts";

/** A check failed, or a statement did. */
export const FAILED = 1;

/** The command cannot be run as it stands: its options, the environment, the way to the database. */
export const UNUSABLE = 2;

// What a statement of ours names is not there: a table, a column, a function, a schema.
const GONE = /^(42P01|42703|42883|3F000)$/;

const ENVIRONMENT = /^(E[A-Z]+|CONNECT_TIMEOUT|CONNECTION_[A-Z]+|08...|28...|3D000|53300|57P0[1-5]|42501)$/;

/** Prints an error as `error: … / hint: …` (the stack only with `debug`) and returns the exit code. */
export function reportError(error: unknown, debug: boolean): number {
  const known = isGone(error) ? asGone(error) : asUserError(error);
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

// The statements of a person come as UserErrors.
function isGone(error: unknown): error is Error {
  return error instanceof Error && !(error instanceof UserError) && GONE.test(errorCode(error) ?? "");
}

function asGone(error: Error): UserError {
  return new UserError(error.message, {
    hint: "A part of the installation is gone, or older than this program: npx conversation-metrics doctor",
    exitCode: FAILED,
    cause: error,
  });
}

function print(message: string, hint: string | undefined): void {
  const style = { stream: process.stderr };
  console.error(`${styleText(["red", "bold"], "error:", style)} ${message}`);
  if (hint) console.error(`${styleText(["cyan", "bold"], "hint:", style)} ${hint}`);
}
