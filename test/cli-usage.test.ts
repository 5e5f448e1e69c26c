import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { createProgram } from "../src/cli/program.ts";
import { packageRoot } from "../src/paths.ts";
import { cli } from "./support/cli.ts";
import { test } from "./support/database.ts";

const COMMANDS = [
  "start",
  "migrate",
  "backfill",
  "demo",
  "uninstall",
  "attach",
  "detach",
  "worker",
  "encodings",
  "recount",
  "status",
  "recent",
  "session",
  "sql",
  "prices",
  "report",
  "keys",
  "readers",
  "erase",
  "archive",
  "doctor",
  "verify",
  "repair",
];

const UNREACHABLE = "postgres://nobody@127.0.0.1:1/nothing";

describe("the command line", () => {
  test("--help lists every command", async () => {
    const { code, stdout } = await cli(["--help"]);

    expect(code).toBe(0);
    for (const command of COMMANDS) expect(stdout).toMatch(new RegExp(`^  ${command} `, "m"));
  });

  test.for(COMMANDS)("the help of %s shows examples and exit codes", async (name) => {
    const command = createProgram().commands.find((each) => each.name() === name);
    const help: string[] = [];
    command?.configureOutput({ writeOut: (text) => help.push(text) }).outputHelp();

    expect(help.join("")).toMatch(/Examples:\n {2}\S+/);
    expect(help.join("")).toMatch(/Exit codes:\n {2}0/);
  });

  test("--help of a command ends with 0", async () => {
    expect(await cli(["verify", "--help"])).toMatchObject({ code: 0, stderr: "" });
  });

  test.for([
    { args: ["nope"], message: "error: unknown command 'nope'" },
    { args: ["verify", "--wat"], message: "error: unknown option '--wat'" },
    { args: ["session"], message: "error: missing required argument 'session_id'" },
    { args: ["recent", "--minutes", "soon"], message: "It must be a whole number from 1." },
    { args: ["start", "--http-port", "99999"], message: "It must be a whole number from 0 to 65535." },
    { args: ["encodings", "set", "gpt-9", "utf8"], message: "Allowed choices are gpt2, r50k_base" },
    { args: ["demo", "--until", "soon"], message: "It must look like 2025-06-30" },
    { args: ["worker", "--json"], message: "--json is for --once" },
    { args: ["sql", " "], message: "There is no statement." },
  ])("$args is a usage error with a hint", async ({ args, message }) => {
    const { code, stderr } = await cli(args);

    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(stderr).toMatch(/^hint: .*npx conversation-metrics/m);
  });
});

describe("a command that gets no database", () => {
  test("says that there is none, and how to make one", async () => {
    const { code, stderr } = await cli(["verify"]);

    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: There is no database.*\nhint: .*npx conversation-metrics start/);
  });

  test("says that its folder is none", async () => {
    const { code, stderr } = await cli(["start"], { env: { DATA_DIR: join(packageRoot, "package.json") } });

    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: ENOTDIR.*\nhint: Set DATA_DIR to a folder\.$/m);
  });

  test.for([
    { args: ["status"], url: UNREACHABLE },
    { args: ["start"], url: UNREACHABLE },
    { args: ["status", "--database-url", UNREACHABLE], url: "" },
  ])("$args says that the server cannot be reached, and what helps then", async ({ args, url }) => {
    const { code, stderr } = await cli(args, { url });

    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: .*ECONNREFUSED.*\nhint: Is the server running\?/);
    expect(stderr).toMatch(/in DATABASE_URL \(or --database-url\)\. Or unset it .*: npx conversation-metrics start$/m);
    expect(stderr).not.toContain("npm start");
  });

  test("says that the URL is none", async () => {
    const { code, stderr } = await cli(["status", "--database-url", "localhost"]);

    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: option '--database-url <url>'.*must look like postgres:.*\nhint: /);
  });

  test("says that what answers is no PostgreSQL", async () => {
    const other = createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")).listen(0, "127.0.0.1");
    await once(other, "listening");
    const address = other.address();
    const port = typeof address === "object" ? address?.port : undefined;

    const { code, stderr } = await cli(["status"], { url: `postgres://nobody@127.0.0.1:${port}/nothing` });
    other.close();

    expect(code).toBe(2);
    expect(stderr).toBe(
      `error: What listens on 127.0.0.1:${port} does not answer as PostgreSQL does.\nhint: Check host and port in DATABASE_URL (or --database-url).\n`,
    );
  });

  test("says that the database does not exist", async ({ url }) => {
    const { code, stderr } = await cli(["status"], { url: url.replace(/\/[^/]+$/, "/no_such_database") });

    expect(code).toBe(2);
    expect(stderr).toMatch(/error: database "no_such_database" does not exist\nhint: /);
  });

  test.for(["verify", "backfill", "session x"])(
    "%s hints to migrate a database that was not",
    async (line, { bareUrl }) => {
      const { code, stderr } = await cli(line.split(" "), { url: bareUrl });

      expect(code).toBe(2);
      expect(stderr).toMatch(/has no conversation metrics yet.\nhint: .*npx conversation-metrics migrate/);
    },
  );
});

describe("the global options", () => {
  test("--database-url goes before DATABASE_URL, on either side of the command", async ({ url }) => {
    const wrong = "postgres://nobody@127.0.0.1:1/nothing";

    const before = await cli(["--database-url", url, "verify"], { url: wrong });
    const after = await cli(["verify", "--database-url", url], { url: wrong });

    expect([before.code, after.code]).toEqual([0, 0]);
  });

  test("--debug adds the stack, which is not shown otherwise", async () => {
    const url = "postgres://nobody@127.0.0.1:1/nothing";

    const plain = await cli(["status"], { url });
    const debug = await cli(["status", "--debug"], { url });

    expect(plain.stderr).not.toMatch(/^ +at /m);
    expect(debug.stderr).toMatch(/^ +at /m);
  });

  test("--quiet leaves out what is not the result", async ({ url }) => {
    const loud = await cli(["sql", "select 1 as one"], { url });
    const quiet = await cli(["sql", "select 1 as one", "--quiet"], { url });

    expect(loud.stderr).toContain("1 row");
    expect(quiet).toEqual({ code: 0, stdout: loud.stdout, stderr: "" });
  });

  test("colors are for terminals, and never against NO_COLOR", async ({ url }) => {
    const forced = await cli(["sql", "select 1 as one"], { url, env: { FORCE_COLOR: "1", NO_COLOR: "" } });
    const refused = await cli(["sql", "select 1 as one"], { url });

    expect(forced.stdout).toContain("\u001b[1m");
    expect(refused.stdout).not.toContain("\u001b");
  });
});
