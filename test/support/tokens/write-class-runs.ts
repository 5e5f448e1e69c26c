// Writes src/tokens/class-runs.ts anew, after an update of tiktoken: node test/support/tokens/write-class-runs.ts
import { writeFileSync } from "node:fs";
import { classRuns } from "./class-ranges.ts";

// no run is cut in two
const lines = classRuns().match(/.{1,112}\d*/g) ?? [];

writeFileSync(
  new URL("../../../src/tokens/class-runs.ts", import.meta.url),
  `/**
 * The class of every code point from U+0000 to U+10FFFF, as tiktoken's regular expressions see it (Unicode 16): runs of a
 * class and its length, where that is not 1. u: Lu, Lt; l: Ll; o: Lm, Lo; m: M; n: N; r: CR, LF; s: other White_Space;
 * a dot: the rest. Written by test/support/tokens/write-class-runs.ts, which asks tiktoken; line breaks mean nothing.
 */
export const classRuns = \`
${lines.join("\n")}
\`;
`,
);
