import type { Random } from "../generators/prng.ts";

const letters = [..."abcdefghijklmnopqrstuvwxyz"];
const base64 = [...letters, ...letters.map((letter) => letter.toUpperCase()), ..."0123456789+/"];
const chinese = Array.from({ length: 20_000 }, (_, n) => String.fromCodePoint(0x4e00 + n));

const randomOf = (r: Random, alphabet: readonly string[]) => (length: number) =>
  Array.from({ length }, () => alphabet[r.below(alphabet.length)]).join("");

const repeated = (unit: string) => (length: number) => unit.repeat(Math.ceil(length / unit.length)).slice(0, length);

/** Texts of any length that are hard to count: one piece without an end, or many that begin alike. */
export const longTexts = (r: Random): [what: string, make: (length: number) => string][] => [
  ["one small letter", repeated("a")],
  ["one capital", repeated("A")],
  ["spaces", repeated(" ")],
  ["newlines", repeated("\n")],
  ["spaces and newlines", repeated("   \n")],
  ["spaces after a newline, before a word", (length) => `\n${" ".repeat(length - 2)}x`],
  ["one digit", repeated("7")],
  ["exclamation marks", repeated("!")],
  ["slashes and newlines", repeated("/\n")],
  ["apostrophes", repeated("'")],
  ["one Chinese character", repeated("中")],
  ["a capital after a Chinese character", (length) => `中${"A".repeat(length - 1)}`],
  ["emoji", repeated("😀")],
  ["families of emoji", repeated("👩‍👩‍👧‍👦")],
  ["combining marks", repeated("\u0301")],
  ["lone surrogates", repeated("\ud800")],
  ["random letters without a space", randomOf(r, letters)],
  ["base64", randomOf(r, base64)],
  ["random Chinese", randomOf(r, chinese)],
];
