import { describe, expect } from "vitest";
import { psqlLines } from "../src/cli/psql-line.ts";
import { readSettings } from "../src/cli/settings.ts";
import { cli, finished, said, startCli } from "./support/cli.ts";
import { test } from "./support/database.ts";

const SECRET = "s3cret-of-mine";

/** The same URL with a password, which a server that trusts its callers does not look at. */
const withPassword = (url: string) => {
  const changed = new URL(url);
  if (changed.password === "") changed.password = SECRET;
  return { url: changed.href, password: changed.password };
};

describe("the password of a database", () => {
  test.for(["the variable", "the option"])("is not printed by start, given by %s", async (place, { bareUrl }) => {
    const { url, password } = withPassword(bareUrl);
    const byOption = place === "the option";
    const args = byOption ? ["start", "--database-url", url] : ["start"];
    const child = startCli([...args, "--no-worker", "--http-port", "0"], byOption ? {} : { url });
    const end = finished(child);
    await said(child, "Ready. Ctrl-C stops it.");
    child.kill("SIGTERM");
    const { stdout, stderr } = await end;

    const shown = new URL(url);
    shown.password = "";
    expect(stdout).toContain(byOption ? `psql "${shown.href}"` : `psql "$DATABASE_URL"`);
    expect(stdout + stderr).not.toContain(`:${password}@`);
  });

  test.for([["status"], ["status", "--json"], ["doctor"], ["doctor", "--json"], ["status", "--debug"]])(
    "is not printed by %s",
    async (args, { url: trusted }) => {
      const { url, password } = withPassword(trusted);

      const { stdout, stderr } = await cli(args, { url });

      expect(stdout).not.toBe("");
      expect(stdout + stderr).not.toContain(`:${password}@`);
    },
  );

  test.for([
    `postgres://postgres:${SECRET}@127.0.0.1:1/app`,
    `postgres://postgres:${SECRET}@no-such-host.invalid/app`,
    `postgres://postgres:${SECRET}/@127.0.0.1:1/app`,
    `mysql://root:${SECRET}@127.0.0.1/app`,
  ])("is in no error for %s", async (url) => {
    const variable = await cli(["start", "--debug"], { url });
    const option = await cli(["start", "--debug", "--database-url", url]);

    for (const { code, stdout, stderr } of [variable, option]) {
      expect(code).toBe(2);
      expect(stderr).toMatch(/^error: .*\nhint: /);
      expect(stdout + stderr).not.toContain(SECRET);
    }
  });

  test("that was generated for the embedded server is shown on a terminal only", () => {
    const url = `postgres://postgres:${SECRET}@127.0.0.1:5433/conversations`;
    const settings = { ...readSettings({ optsWithGlobals: () => ({}) }), databaseUrl: undefined };

    expect(psqlLines(url, settings, { isSeen: true })).toEqual([`psql "${url}"`]);
    expect(psqlLines(url, settings, { isSeen: false })).toEqual([
      `psql "postgres://postgres@127.0.0.1:5433/conversations"`,
      expect.stringContaining("on a terminal"),
    ]);
  });
});
