import {
  afterChar,
  CASELESS,
  classAt,
  LETTER,
  LOWER,
  MARK,
  NEWLINE,
  NUMBER,
  runEnd,
  SYMBOL,
  UPPER,
  WHITE,
} from "./code-points.ts";
import { contractionEnd, contractionEndAnyCase } from "./contractions.ts";

/**
 * Where the piece of `text` that starts at `start` ends. tiktoken cuts a text into pieces by a regular expression, and no
 * token crosses a cut. These functions are its three expressions written out, one branch an alternative, since a regular
 * expression that tries `\s+(?!\S)` or o200k's two kinds of words again and again is not linear on long runs.
 */
export type NextPiece = (text: string, start: number) => number;

const SPACE_CHAR = 0x20;
const SLASH = 0x2f;

/** `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+` */
export const nextGpt2Piece: NextPiece = (text, start) => {
  const contraction = contractionEnd(text, start);
  if (contraction > start) return contraction;
  const from = text.charCodeAt(start) === SPACE_CHAR ? start + 1 : start;
  const kind = classAt(text, from);
  if (kind & LETTER) return runEnd(text, from, LETTER);
  if (kind & NUMBER) return runEnd(text, from, NUMBER);
  if (kind & SYMBOL) return runEnd(text, from, SYMBOL);
  return whiteEnd(text, start, runEnd(text, start, WHITE));
};

/**
 * `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
 */
export const nextCl100kPiece: NextPiece = (text, start) => {
  const contraction = contractionEndAnyCase(text, start);
  if (contraction > start) return contraction;
  const kind = classAt(text, start);
  const from = kind & (LETTER | NUMBER | NEWLINE) ? start : afterChar(text, start);
  const word = runEnd(text, from, LETTER);
  if (word > from) return word;
  if (kind & NUMBER) return threeNumbersEnd(text, start);
  const symbols = symbolsEnd(text, start);
  if (symbols > start) return runEnd(text, symbols, NEWLINE);
  return linesOrWhiteEnd(text, start);
};

/**
 * `[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?`
 * `|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?`
 * `|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`
 */
export const nextO200kPiece: NextPiece = (text, start) => {
  const kind = classAt(text, start);
  if (kind & NUMBER) return threeNumbersEnd(text, start);
  const word = kind & NEWLINE ? start : casedWordEnd(text, start, kind);
  if (word > start) return contractionEndAnyCase(text, word);
  let symbols = symbolsEnd(text, start);
  if (symbols === start) return linesOrWhiteEnd(text, start);
  while (classAt(text, symbols) & NEWLINE || text.charCodeAt(symbols) === SLASH) symbols++;
  return symbols;
};

/** o200k's words, without the contraction: capitals then small letters, or capitals alone; one symbol or space before. */
function casedWordEnd(text: string, start: number, kind: number): number {
  const from = kind & LETTER ? start : afterChar(text, start);
  const mixed = endsInSmall(text, from);
  if (mixed > from) return mixed;
  // a mark is taken as the character before the word first, and as the word itself where that failed
  if (kind & MARK) return afterChar(text, start);
  const capitals = runEnd(text, from, UPPER);
  return capitals > from ? capitals : start;
}

/** `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+`, or `from` where it does not match. */
function endsInSmall(text: string, from: number): number {
  let end = from;
  let lastUncased = from; // where the last letter or mark ends that both classes hold
  for (;;) {
    const kind = classAt(text, end);
    if (kind & LOWER) return runEnd(text, end, LOWER | CASELESS | MARK);
    if ((kind & (UPPER | CASELESS | MARK)) === 0) return lastUncased;
    end = afterChar(text, end);
    if (kind & (CASELESS | MARK)) lastUncased = end;
  }
}

/** `\p{N}{1,3}` where a number starts. */
function threeNumbersEnd(text: string, start: number): number {
  let end = afterChar(text, start);
  for (let more = 0; more < 2 && classAt(text, end) & NUMBER; more++) end = afterChar(text, end);
  return end;
}

/** ` ?[^\s\p{L}\p{N}]+`, or `start` where it does not match. */
function symbolsEnd(text: string, start: number): number {
  const from = text.charCodeAt(start) === SPACE_CHAR ? start + 1 : start;
  const end = runEnd(text, from, SYMBOL);
  return end > from ? end : start;
}

/** `\s*[\r\n]+|\s+(?!\S)|\s+` where white space starts. */
function linesOrWhiteEnd(text: string, start: number): number {
  const end = runEnd(text, start, WHITE);
  for (let at = end; at > start; at--) if (classAt(text, at - 1) & NEWLINE) return at;
  return whiteEnd(text, start, end);
}

/** `\s+(?!\S)|\s+` for the run of white space from `start` to `end`: the last one is left to the word that follows. */
function whiteEnd(text: string, start: number, end: number): number {
  return end === text.length || end - start === 1 ? end : end - 1;
}
