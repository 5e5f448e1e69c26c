import { describe, expect, test } from "vitest";
import { classRuns } from "../src/tokens/class-runs.ts";
import { createTokenCounter, type Encoding, encodings } from "../src/tokens/counter.ts";
import { everyCodePoint, classRuns as tiktokenClassRuns } from "./support/tokens/class-ranges.ts";
import { tiktokenCount } from "./support/tokens/tiktoken.ts";

const counter = createTokenCounter();

/** A code point alone in its line, doubled, and beside letters, a number, a symbol, an apostrophe and white space. */
const contexts = (char: string) => `${char}\n${char}${char} ${char}b${char}C 1${char}!${char}'${char}\n`;

/** The code points whose texts count otherwise than by tiktoken, in hexadecimal. Several go into one text. */
function wrongOf(encoding: Encoding, points: readonly number[], toText: (char: string) => string): string[] {
  const wrong: string[] = [];
  for (let from = 0; from < points.length; from += 64) {
    const some = points.slice(from, from + 64);
    const text = some.map((point) => toText(String.fromCodePoint(point))).join("");
    if (counter.count(encoding, text) !== tiktokenCount(encoding, text))
      wrong.push(some.map((point) => point.toString(16)).join(" "));
  }
  return wrong;
}

/** The first and the last code point of each run of a class. */
function edges(): number[] {
  let next = 0;
  const found = [...classRuns.replaceAll("\n", "").matchAll(/\D(\d*)/g)].flatMap(([, length]) => {
    const first = next;
    next += Number(length || "1");
    return [first, next - 1];
  });
  return found.filter((point) => point < 0xd800 || point > 0xdfff);
}

describe("every code point", { timeout: 120_000 }, () => {
  test("is of the class that tiktoken's regular expressions see in it", () => {
    expect(classRuns.replaceAll("\n", "")).toBe(tiktokenClassRuns());
  });

  for (const encoding of ["cl100k_base", "o200k_base"] as const) {
    test(`before and after a letter counts in ${encoding} as tiktoken counts it`, () => {
      expect(wrongOf(encoding, everyCodePoint, (char) => `${char}b${char}\n`)).toEqual([]);
    });
  }

  for (const encoding of encodings) {
    test(`at the edge of a class counts in ${encoding} as tiktoken counts it, whatever stands beside it`, () => {
      expect(wrongOf(encoding, edges(), contexts)).toEqual([]);
    });
  }
});
