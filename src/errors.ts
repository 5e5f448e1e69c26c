/** What a {@link UserError} may carry beside its message. */
export type UserErrorOptions = {
  /** What to do about it, as a sentence or a command. */
  hint?: string | undefined;
  /** The exit code of the command that fails with it; 1 unless told. */
  exitCode?: number | undefined;
  cause?: unknown;
};

/** An error that the person at the keyboard can cure: printed as message and hint, without a stack. */
export class UserError extends Error {
  override readonly name = "UserError";
  readonly hint: string | undefined;
  readonly exitCode: number;

  constructor(message: string, options: UserErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.hint = options.hint;
    this.exitCode = options.exitCode ?? 1;
  }
}

/** The `code` of a system or database error (ENOENT, 42P01 …), if it has one. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
