import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect } from "vitest";
import { serverAccount } from "../src/embedded/account.ts";
import { isAlive } from "../src/embedded/lock-file.ts";
import { runningEmbedded } from "../src/embedded/running.ts";
import type { UserError } from "../src/errors.ts";
import { countInLog, crash, occupyPort, query, startElsewhere, test } from "./support/embedded.ts";

const run = promisify(execFile);
const isRoot = process.getuid?.() === 0;

describe("a start", () => {
  test("gives a URL that works, in UTF-8 and UTC", async ({ emptyFolder, start }) => {
    const { url } = await start(emptyFolder);

    const rows = await query(url, "select upper('straße é') as text, current_setting('TimeZone') as zone");

    expect(rows).toEqual([{ text: expect.stringContaining("É"), zone: "UTC" }]);
  });

  test("keeps data and URL from the last one", async ({ folder, start }) => {
    const first = await start(folder, { port: undefined });
    await query(first.url, "create table kept as select 1 as id");
    await first.stop();

    const second = await start(folder, { port: undefined });

    expect(second.url).toBe(first.url);
    expect(await query(second.url, "table kept")).toEqual([{ id: 1 }]);
  });

  test("works in a folder with a space in its path", async ({ emptyFolder, start }) => {
    const { url } = await start(join(emptyFolder, "my project"));

    expect(await query(url, "select 1 as one")).toEqual([{ one: 1 }]);
  });

  test.runIf(isRoot)("works for root in a folder that nobody else may enter", async ({ emptyFolder, start }) => {
    await chmod(emptyFolder, 0o700);

    const { url } = await start(emptyFolder);

    await query(url, "create table kept as select 1 as id");
    await query(url, "checkpoint");
    expect(await query(url, "table kept")).toEqual([{ id: 1 }]);
  });

  test.runIf(isRoot)("by root of another user's database leaves it theirs", async ({ folder, start }) => {
    await run("chown", ["-R", "nobody", join(folder, ".data")]);
    const { uid } = await stat(join(folder, ".data"));

    const { logFile } = await start(folder);

    const files = [
      logFile,
      join(folder, ".data", "connection.json"),
      join(folder, ".data", "postgres", "postmaster.pid"),
    ];
    for (const file of files) expect(await stat(file)).toMatchObject({ uid });
  });

  test("keeps its password where only the owner reads it", async ({ emptyFolder, start }) => {
    await start(emptyFolder);

    const { mode } = await stat(join(emptyFolder, ".data", "connection.json"));

    expect(mode & 0o077).toBe(0);
  });

  test("takes the next port when the one asked for is in use, says so, and remembers it", async ({ folder, start }) => {
    const busy = await occupyPort();
    const first = await start(folder, { port: busy.port });
    await first.stop();
    busy.close();

    const second = await start(folder, { port: undefined });

    expect(first.port).toBeGreaterThan(busy.port);
    expect(first.reports).toEqual([expect.stringContaining(`Port ${busy.port} is in use`)]);
    expect(second.port).toBe(first.port);
  });

  test("clears away what an interrupted first start left", async ({ emptyFolder, start }) => {
    const dataDir = join(emptyFolder, ".data");
    await mkdir(join(dataDir, "postgres.new-999999999", "base"), { recursive: true });

    await start(emptyFolder);

    expect((await readdir(dataDir)).toSorted()).toEqual(["connection.json", "postgres", "postgres.log"]);
  });
});

describe("after a crash", () => {
  test("the next start recovers what was committed", async ({ folder, start }) => {
    const first = await start(folder);
    await query(first.url, "create table kept as select 1 as id");
    await crash(first);

    const second = await start(folder);

    expect(await query(second.url, "table kept")).toEqual([{ id: 1 }]);
  });

  test("a lock whose number another program has now does not stop the next start", async ({ folder, start }) => {
    await crash(await start(folder));
    const other = spawn("sleep", ["60"], { ...(await serverAccount(join(folder, ".data", "postgres"))) });
    const lock = join(folder, ".data", "postgres", "postmaster.pid");
    await writeFile(lock, (await readFile(lock, "utf8")).replace(/^\d+/, String(other.pid)));

    const { url } = await start(folder);
    other.kill();

    expect(await query(url, "select 1 as one")).toEqual([{ one: 1 }]);
  });

  test("a server whose starter was killed is taken over, and ends with the new one", async ({ folder, start }) => {
    const left = await startElsewhere(join(folder, ".data"));
    left.starter.kill("SIGKILL");
    await once(left.starter, "exit");

    const taken = await start(folder);
    await taken.stop();

    expect(taken.pid).toBe(left.pid);
    expect(taken.url).toBe(left.url);
    expect(taken.reports).toEqual([expect.stringContaining("Took over")]);
    expect(isAlive(left.pid)).toBe(false);
  });
});

describe("a start refuses, with the cure,", () => {
  test("a database that another start is using", async ({ folder, start }) => {
    const first = await start(folder);

    const { message, hint } = await start(folder).then(
      () => expect.unreachable(),
      (error: UserError) => error,
    );

    expect(message).toContain(`process ${first.pid}`);
    expect(hint).toMatch(/stop it first: kill \d+$/);
    expect(message + hint).not.toContain(new URL(first.url).password);
  });

  test("data of another major version", async ({ folder, start }) => {
    await (await start(folder)).stop();
    await writeFile(join(folder, ".data", "postgres", "PG_VERSION"), "14\n");

    await expect(start(folder)).rejects.toMatchObject({
      message: expect.stringMatching(/is of PostgreSQL 14; this is PostgreSQL/),
      hint: expect.stringContaining(`mv "${folder}/.data" "${folder}/.data-14"`),
    });
  });

  test("a folder of other files", async ({ emptyFolder, start }) => {
    await mkdir(join(emptyFolder, ".data", "postgres"), { recursive: true });
    await writeFile(join(emptyFolder, ".data", "postgres", "thesis.txt"), "all of it");

    await expect(start(emptyFolder)).rejects.toThrow("holds files, but no PostgreSQL database");
    expect(await readdir(join(emptyFolder, ".data", "postgres"))).toEqual(["thesis.txt"]);
  });

  test("a setting that PostgreSQL does not know, in its own words", async ({ folder, start }) => {
    await expect(start(folder, { settings: { fsync: "off", no_such: "1" } })).rejects.toThrow(/no_such/);
  });
});

describe("the end", () => {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    test(`by ${signal}, even twice, is one clean shutdown`, async ({ folder }) => {
      const dataDir = join(folder, ".data");
      const { starter, pid } = await startElsewhere(dataDir);

      starter.kill(signal);
      starter.kill(signal);
      await once(starter, "exit");

      const log = join(dataDir, "postgres.log");
      expect(isAlive(pid)).toBe(false);
      expect(await countInLog(log, "received fast shutdown request")).toBe(1);
      expect(await countInLog(log, "database system is shut down")).toBe(1);
    });
  }

  test("can be asked for twice", async ({ folder, start }) => {
    const server = await start(folder);

    await Promise.all([server.stop(), server.stop()]);

    expect(isAlive(server.pid)).toBe(false);
  });
});

test("a running server is found by its folder, and not any more when it has ended", async ({ folder, start }) => {
  const server = await start(folder);
  const found = await runningEmbedded(join(folder, ".data"));
  await server.stop();

  expect(found).toBe(server.url);
  expect(await runningEmbedded(join(folder, ".data"))).toBeUndefined();
});
