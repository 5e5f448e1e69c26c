import { classRuns } from "./class-runs.ts";

// One bit a class, so that "a letter or a mark" is one test.
export const OTHER = 1;
export const UPPER = 2;
export const LOWER = 4;
/** Letters without case: Lm and Lo. */
export const CASELESS = 8;
export const MARK = 16;
export const NUMBER = 32;
/** White space but for CR and LF. */
export const SPACE = 64;
/** CR and LF. */
export const NEWLINE = 128;

export const LETTER = UPPER | LOWER | CASELESS;
export const WHITE = SPACE | NEWLINE;
/** `[^\s\p{L}\p{N}]` */
export const SYMBOL = OTHER | MARK;

const bits: Record<string, number> = {
  ".": OTHER,
  u: UPPER,
  l: LOWER,
  o: CASELESS,
  m: MARK,
  n: NUMBER,
  s: SPACE,
  r: NEWLINE,
};

// Not \p{L} and its like of JavaScript: Node's Unicode version is another one than tiktoken's and changes with Node.
const classes = new Uint8Array(0x110000);
let filled = 0;
for (const [, name = ".", length = ""] of classRuns.matchAll(/([a-z.])(\d*)/g)) {
  const end = filled + Number(length || "1");
  classes.fill(bits[name] ?? OTHER, filled, end);
  filled = end;
}

/** Whether a UTF-16 unit is the first half of a pair. */
const isHigh = (unit: number) => (unit & 0xfc00) === 0xd800;

/** The class of the character that starts at `at`, 0 at the end of the text. A lone surrogate counts as U+FFFD. */
export function classAt(text: string, at: number): number {
  if (at >= text.length) return 0;
  const unit = text.charCodeAt(at);
  return classes[isHigh(unit) ? (text.codePointAt(at) ?? unit) : unit] ?? OTHER;
}

/** Where the character that starts at `at` ends. */
export function afterChar(text: string, at: number): number {
  return isHigh(text.charCodeAt(at)) && (text.codePointAt(at) ?? 0) > 0xffff ? at + 2 : at + 1;
}

/** Where the run of characters of the classes `mask` ends that starts at `at`; `at` itself where there is none. */
export function runEnd(text: string, at: number, mask: number): number {
  let end = at;
  while (end < text.length) {
    const unit = text.charCodeAt(end);
    if (isHigh(unit)) {
      if ((classAt(text, end) & mask) === 0) break;
      end = afterChar(text, end);
    } else {
      if (((classes[unit] ?? OTHER) & mask) === 0) break;
      end++;
    }
  }
  return end;
}
