import stringWidth from "string-width";
import { terminalWidth } from "./output.ts";

/** What the --help of a command adds to its list of options. */
export type Help = {
  /** What it is for and how it behaves, in a few lines: paragraphs, and items that begin with two spaces. */
  about?: string;
  /** Command lines, each with what it does. */
  examples: [line: string, does: string][];
  exitCodes: [code: number, meaning: string][];
};

// Longer lines are hard to read, however wide the terminal is.
const WIDEST = 100;
const NARROWEST = 40;
const USUAL = 80;

/** How many characters a line of help may have. */
export function helpWidth(): number {
  const width = terminalWidth();
  return Number.isFinite(width) ? Math.max(NARROWEST, Math.min(WIDEST, width)) : USUAL;
}

/** The text that stands under a command's options, as wide as the terminal is when it is asked for. */
export function helpText({ about, examples, exitCodes }: Help): () => string {
  return () => {
    const width = helpWidth();
    return [
      ...(about === undefined ? [] : ["", wrapProse(about, width)]),
      "",
      "Examples:",
      ...exampleLines(examples, width),
      "",
      "Exit codes:",
      ...exitCodes.map(([code, meaning]) => wrapItem(`  ${code}   `, meaning, width)),
    ].join("\n");
  };
}

/** Paragraphs and items filled anew to a width. An item goes on in lines that are indented further. */
export function wrapProse(text: string, width: number): string {
  const blocks: string[] = [];
  for (const line of text.trim().split("\n")) {
    const last = blocks.at(-1);
    const goesOn = /^ {6}/.test(line) || (last !== undefined && /^\S/.test(last) && /^\S/.test(line));
    if (goesOn && last !== undefined) blocks[blocks.length - 1] = `${last} ${line.trim()}`;
    else blocks.push(line);
  }
  return blocks
    .map((block) => {
      const [, lead = "", rest = ""] = /^( *(?:(?<= )\S+ {2,})?)(.*)$/.exec(block) ?? [];
      return wrapItem(lead, rest, width);
    })
    .join("\n");
}

// A text after its lead, each further line under the text.
function wrapItem(lead: string, text: string, width: number): string {
  return fill(text.split(/ +/), width - lead.length)
    .map((line, index) => (index === 0 ? lead : " ".repeat(lead.length)) + line)
    .join("\n");
}

function fill(words: string[], width: number): string[] {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last !== undefined && stringWidth(`${last} ${word}`) <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

const BESIDE = "   ";
const BENEATH = "      ";

// What an example does stands beside it, or where one has no room for that, beneath each.
function exampleLines(examples: Help["examples"], width: number): string[] {
  const longest = Math.max(...examples.map(([line]) => line.length));
  const fits = examples.every(([, does]) => 2 + longest + BESIDE.length + does.length <= width);
  if (fits) return examples.map(([line, does]) => `  ${line.padEnd(longest)}${BESIDE}${does}`);
  return examples.flatMap(([line, does]) => [...splitCommand(line, width), wrapItem(BENEATH, does, width)]);
}

// As a shell takes it for one line; between its options, so that no word of it changes.
function splitCommand(line: string, width: number): string[] {
  const lines = [];
  let rest = `  ${line}`;
  while (rest.length > width) {
    const at = rest.lastIndexOf(" --", width - " \\".length);
    if (at <= BENEATH.length) break;
    lines.push(`${rest.slice(0, at)} \\`);
    rest = `    ${rest.slice(at + 1)}`;
  }
  return [...lines, rest];
}

/** The exit code that every command has for what it cannot work with. */
export const UNUSABLE_CODE: [number, string] = [2, "wrong options, no database, or no way to it"];
