import postgres from "postgres";
import { asUserError } from "../database-errors.ts";
import { UserError } from "../errors.ts";
import { FAILED } from "./report-error.ts";

const MAX_LINE = 100;

/** An error of a statement that a person wrote, with the place in it that the server points at. */
export function asStatementError(error: unknown, statement: string): unknown {
  if (!(error instanceof postgres.PostgresError)) return error;
  const known = asUserError(error);
  const position = Number(error.position);
  const detail = error.detail ? `\n${error.detail}` : "";
  return new UserError(error.message + detail + (position > 0 ? `\n${pointAt(statement, position)}` : ""), {
    hint: error.hint ?? (known instanceof UserError ? known.hint : undefined),
    exitCode: FAILED,
    cause: error,
  });
}

// The line of the statement with a mark under the character that the server counts to.
function pointAt(statement: string, position: number): string {
  const before = [...statement].slice(0, position - 1).join("");
  const lineNumber = before.split("\n").length;
  const column = [...(before.split("\n").at(-1) ?? "")].length;
  const line = [...(statement.split("\n")[lineNumber - 1] ?? "")];
  const from = Math.max(0, column - MAX_LINE / 2);
  const part = line.slice(from, from + MAX_LINE).join("");
  return `line ${lineNumber}, column ${column + 1}:\n  ${part}\n  ${" ".repeat(column - from)}^`;
}
