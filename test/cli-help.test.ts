import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import stringWidth from "string-width";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { helpText, wrapProse } from "../src/cli/help.ts";
import { createProgram } from "../src/cli/program.ts";

const all = (command: CommandUnknownOpts): CommandUnknownOpts[] => [command, ...command.commands.flatMap(all)];

const helpOf = (command: CommandUnknownOpts): string => {
  const written: string[] = [];
  command.configureOutput({ writeOut: (text) => written.push(text) }).outputHelp();
  return written.join("");
};

beforeEach(() => {
  vi.stubEnv("COLUMNS", "80");
});
afterEach(() => {
  vi.unstubAllEnvs();
});

describe("--help in a terminal of 80 columns", () => {
  test("has no line that is longer, of any command", () => {
    const long = all(createProgram()).flatMap((command) =>
      helpOf(command)
        .split("\n")
        .filter((line) => stringWidth(line) > 80)
        .map((line) => `${command.name()}: ${line}`),
    );

    expect(long).toEqual([]);
  });

  test("breaks a long example between its options, as a shell joins it again", () => {
    const line = "npx conversation-metrics keys create --name shop --scope write --organization 7 --widget 3";

    const text = helpText({ examples: [[line, "for a web page"]], exitCodes: [] })();

    expect(text).toContain(" \\\n");
    expect(text.replaceAll(/ \\\n +/g, " ")).toContain(`  ${line}\n      for a web page`);
  });

  test("puts what a short example does beside it", () => {
    const text = helpText({ examples: [["npx x", "one"]], exitCodes: [[0, "done"]] })();

    expect(text).toContain("  npx x   one\n");
  });
});

test("prose is filled anew; the text of an item stands under itself", () => {
  const text = "One two\nthree four.\n\nNamed:\n  first   a b c d\n          e f\n  second  g\nFive.";

  expect(wrapProse(text, 17)).toBe(
    "One two three\nfour.\n\nNamed:\n  first   a b c d\n          e f\n  second  g\nFive.",
  );
  expect(wrapProse(text, 80)).toBe("One two three four.\n\nNamed:\n  first   a b c d e f\n  second  g\nFive.");
});
