import { execFile } from "node:child_process";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { promisify } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, onTestFinished, test } from "vitest";
import { createTokenCounter } from "../src/tokens/counter.ts";
import { tiktokenCount } from "./support/tokens/tiktoken.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "..");

/** A program that counts a long text in a thread, says so, and does not close the counter. */
const program = (module: string) => `
  const { createTokenCounter } = await import(${JSON.stringify(module)});
  console.log(await createTokenCounter().count("o200k_base", "a".repeat(100_000)));
`;
const runProgram = (module: string) =>
  run(process.execPath, ["--input-type=module", "--eval", program(module)], { timeout: 20_000 });

/** A text with words that no other has, which a cache without bound would keep, or keep the whole text for. */
const uniqueText = (n: number) => {
  const word = String(n).replace(/\d/g, (digit) => "bcdfghjklm".charAt(Number(digit)));
  return `${` ${"long".repeat(11)}`.repeat(20)} neverheardofword${word} neverseenagain${word}`;
};

describe("a token counter", { timeout: 120_000 }, () => {
  test("lets others work while a thread counts a long text", async () => {
    const counter = createTokenCounter();
    onTestFinished(() => counter.close());
    const message = "Could you move my reservation to half past seven, please?";
    const expected = tiktokenCount("o200k_base", message);
    expect(counter.count("o200k_base", message)).toBe(expected);
    let pending = true;
    const long = Promise.resolve(counter.count("o200k_base", "a".repeat(2_000_000))).finally(() => {
      pending = false;
    });

    let messages = 0;
    let longestTurn = 0;
    for (let since = performance.now(); pending; since = performance.now()) {
      for (let n = 0; n < 10; n++, messages++) expect(counter.count("o200k_base", message)).toBe(expected);
      await turn();
      longestTurn = Math.max(longestTurn, performance.now() - since);
    }

    expect(await long).toBe(250_000);
    expect(messages).toBeGreaterThan(1000);
    expect(longestTurn, "counted here, it would take half a second or more").toBeLessThan(400);
  });

  test("keeps nobody waiting with a text just too short for a thread", async () => {
    const counter = createTokenCounter();
    onTestFinished(() => counter.close());
    counter.count("o200k_base", "load");
    const times: number[] = [];

    for (let n = 0; n < 9; n++) {
      // no piece that has been seen before, three bytes a character, all to be merged
      const text = String.fromCodePoint(
        ...Array.from({ length: 12_000 }, (_, at) => 0x4e00 + ((at * (n + 7)) % 20_000)),
      );
      const start = performance.now();
      const tokens = counter.count("o200k_base", text);
      times.push(performance.now() - start);
      expect(tokens).toBeTypeOf("number");
    }

    expect(Math.min(...times)).toBeLessThan(50);
  });

  test("does not keep the process running, and counts with threads from TypeScript", async () => {
    const { stdout } = await runProgram(join(root, "src/tokens/counter.ts"));

    expect(stdout).toBe("12500\n");
  });

  test("counts with threads from the built package", async () => {
    const dir = await mkdtemp(join(tmpdir(), "conversation-metrics-tokens-"));
    onTestFinished(() => rm(dir, { recursive: true, force: true }));
    await symlink(join(root, "node_modules"), join(dir, "node_modules"));
    await writeFile(join(dir, "package.json"), `{ "type": "module" }`);
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    await run(process.execPath, [
      tsc,
      "-p",
      join(root, "tsconfig.build.json"),
      "--noCheck",
      "--outDir",
      join(dir, "dist"),
    ]);

    const { stdout } = await runProgram(join(dir, "dist/src/tokens/counter.js"));

    expect(stdout).toBe("12500\n");
  });

  test("rejects what a thread was counting when it is closed", async () => {
    const counter = createTokenCounter();
    const counted = Promise.resolve(counter.count("o200k_base", "a".repeat(20_000_000)));
    const rejected = expect(counted).rejects.toThrow();

    await counter.close();

    await rejected;
    await expect(counter.count("o200k_base", "a".repeat(20_000))).rejects.toThrow("The token counter is closed.");
  });

  test("keeps no more memory after 200,000 texts than after 40,000", () => {
    setFlagsFromString("--expose-gc");
    const collect: unknown = runInNewContext("gc");
    if (typeof collect !== "function") throw new Error("This Node does not show its garbage collector");
    const counter = createTokenCounter();
    counter.count("o200k_base", "load");
    let n = 0;
    const usedAfter = (texts: number) => {
      for (; n < texts; n++) counter.count("o200k_base", uniqueText(n));
      collect();
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      return (heapUsed + arrayBuffers) / 2 ** 20;
    };

    const loaded = usedAfter(0);
    const early = usedAfter(40_000);
    const late = usedAfter(200_000);

    // megabytes; 5 here, 25 and more where the cache has no bound or keeps the texts
    expect(early - loaded).toBeLessThan(16);
    expect(late - loaded).toBeLessThan(16);
  });
});
