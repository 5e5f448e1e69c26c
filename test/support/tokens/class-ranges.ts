import { Tiktoken } from "tiktoken/lite";

// A vocabulary of the 256 single bytes: what is encoded comes back unchanged.
const singleBytes = `! 0 ${Array.from({ length: 256 }, (_, byte) => Buffer.of(byte).toString("base64")).join(" ")}`;

/** Every code point except the surrogates, which no UTF-8 text holds. */
export const everyCodePoint: readonly number[] = Array.from({ length: 0x110000 }, (_, point) => point).filter(
  (point) => point < 0xd800 || point > 0xdfff,
);

/** The code points that tiktoken's own regular expressions count to a class, such as `\p{Lu}`. */
export function codePointsOf(pattern: string): number[] {
  const tiktoken = new Tiktoken(singleBytes, {}, pattern);
  try {
    // what the pattern does not match is left out of the tokens
    const tokens = tiktoken.encode_ordinary(everyCodePoint.map((point) => String.fromCodePoint(point)).join(""));
    return Array.from(Buffer.from(tokens).toString("utf8"), (char) => char.codePointAt(0) ?? 0);
  } finally {
    tiktoken.free();
  }
}

const classes = [
  ["u", String.raw`[\p{Lu}\p{Lt}]`],
  ["l", String.raw`\p{Ll}`],
  ["o", String.raw`[\p{Lm}\p{Lo}]`],
  ["m", String.raw`\p{M}`],
  ["n", String.raw`\p{N}`],
  ["r", String.raw`[\r\n]`],
  ["s", String.raw`[\s--\r\n]`],
] as const;

/** The class of every code point by tiktoken itself, in the form of src/tokens/class-runs.ts. */
export function classRuns(): string {
  const names = new Array<string>(0x110000).fill(".");
  for (const [name, pattern] of classes) for (const point of codePointsOf(pattern)) names[point] = name;
  return names.join("").replace(/(.)\1*/g, (run, name: string) => (run.length === 1 ? name : `${name}${run.length}`));
}
