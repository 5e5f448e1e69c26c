import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { packageRoot } from "../src/paths.ts";
import { linksOf } from "./support/markdown.ts";

const listing = z.array(z.object({ files: z.array(z.object({ path: z.string() })) }));

/** The files that `npm publish` would send, as far as they need no build. */
const packedFiles = (): string[] => {
  const json = execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
    cwd: packageRoot,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  return listing.parse(JSON.parse(json)).flatMap(({ files }) => files.map(({ path }) => path));
};

// Pictures too.
const targetsOf = (text: string): string[] => [
  ...linksOf(text),
  ...[...text.matchAll(/\b(?:src|srcset)="([^"]+)"/g)].map(([, target = ""]) => target),
];

test("every relative link of a packed page leads to a packed file", () => {
  const files = packedFiles();
  const pages = files.filter((path) => path.endsWith(".md"));

  const astray = pages.flatMap((page) =>
    targetsOf(readFileSync(join(packageRoot, page), "utf8"))
      .filter((target) => !/^(https?:|#)/.test(target))
      .map((target) => join(dirname(page), target.replace(/#.*/, "")))
      .filter((path) => !files.includes(path))
      .map((path) => `${page}: ${path}`),
  );

  expect(pages).toEqual(expect.arrayContaining(["README.md", "CHANGELOG.md", "docs/cli.md", "bench/RESULTS.md"]));
  expect(astray).toEqual([]);
});
