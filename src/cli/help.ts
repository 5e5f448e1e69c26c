/** What the --help of a command adds to its list of options. */
export type Help = {
  /** What it is for and how it behaves, in a few lines. */
  about?: string;
  /** Command lines, each with what it does. */
  examples: [line: string, does: string][];
  exitCodes: [code: number, meaning: string][];
};

/** The text that stands under a command's options. */
export function helpText({ about, examples, exitCodes }: Help): string {
  const width = Math.max(...examples.map(([line]) => line.length));
  return [
    ...(about === undefined ? [] : ["", about.trim()]),
    "",
    "Examples:",
    ...examples.map(([line, does]) => `  ${line.padEnd(width)}   ${does}`),
    "",
    "Exit codes:",
    ...exitCodes.map(([code, meaning]) => `  ${code}   ${meaning}`),
  ].join("\n");
}

/** The exit code that every command has for what it cannot work with. */
export const UNUSABLE_CODE: [number, string] = [2, "wrong options, no database, or no way to it"];
