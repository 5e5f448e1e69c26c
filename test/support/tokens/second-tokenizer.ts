import { encode as encodeCl100k } from "gpt-tokenizer/encoding/cl100k_base";
import { encode as encodeO200k } from "gpt-tokenizer/encoding/o200k_base";
import { codePointsOf, everyCodePoint } from "./class-ranges.ts";

const ordinary = { disallowedSpecial: new Set<string>() };

/** gpt-tokenizer, written in JavaScript by others: shares neither code nor data with tiktoken's package. */
export const secondTokenizer = {
  cl100k_base: (text: string) => encodeCl100k(text, ordinary).length,
  o200k_base: (text: string) => encodeO200k(text, ordinary).length,
};

const classes = ["Lu", "Lt", "Ll", "Lm", "Lo", "M", "N"];

/**
 * The code points that JavaScript's regular expressions, which gpt-tokenizer uses, put into another class than tiktoken's:
 * what Unicode has newly assigned or re-classified between the two, U+0085 and U+FEFF.
 */
export function otherInJavaScript(): Set<string> {
  const everything = everyCodePoint.map((point) => String.fromCodePoint(point)).join("");
  const differing = new Set<string>();
  const compare = (inTiktoken: string, inJavaScript: RegExp) => {
    const ours = new Set(codePointsOf(inTiktoken).map((point) => String.fromCodePoint(point)));
    const theirs = new Set(everything.match(inJavaScript));
    for (const char of ours) if (!theirs.has(char)) differing.add(char);
    for (const char of theirs) if (!ours.has(char)) differing.add(char);
  };
  for (const name of classes) compare(String.raw`\p{${name}}`, new RegExp(String.raw`\p{${name}}`, "gu"));
  compare(String.raw`\s`, /\s/g);
  return differing;
}

/** gpt-tokenizer takes `'s` in any case, but not with the long s, which is an s in any case by Unicode. */
export const longSContraction = /'ſ/u;
