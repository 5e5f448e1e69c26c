import { describe, expect } from "vitest";
import type { Sql } from "../src/database.ts";
import { cli, finished, said, startCli } from "./support/cli.ts";
import { expectNoDrift } from "./support/oracle.ts";
import { populate } from "./support/population.ts";
import { test, until, untilCounted } from "./support/worker.ts";

describe("worker", () => {
  test("counts what comes in until it is told to end", async ({ url, db }) => {
    const worker = startCli(["worker"], { url });
    const end = finished(worker);
    await said(worker, "Counting tokens as messages come in. Ctrl-C stops it.");

    await populate(db);
    await untilCounted(db);
    worker.kill("SIGTERM");

    expect(await end).toMatchObject({ code: 0, stdout: "" });
    expect(await db`select stopped_at is not null as stopped from metrics.workers`).toEqual([{ stopped: true }]);
    await expectNoDrift(db);
  });

  test("says what to do where the database was never migrated", async ({ bareUrl }) => {
    const { code, stderr } = await cli(["worker"], { url: bareUrl });

    expect(code).toBe(2);
    expect(stderr).toContain("hint: Install them: npx conversation-metrics migrate");
  });
});

describe("worker --once", () => {
  test("counts all that waits, with a progress bar, and exits with 0", async ({ url, db }) => {
    await populate(db);

    const { code, stdout, stderr } = await cli(["worker", "--once"], { url });

    expect(code).toBe(0);
    expect(stdout).toMatch(/^\d+ rows counted, nothing is left\.\n$/);
    expect(stderr).toMatch(/100%/);
    await untilCounted(db);
    await expectNoDrift(db);
  });

  test("has nothing to do the second time", async ({ url, db }) => {
    await populate(db);
    await cli(["worker", "--once"], { url });

    const { code, stdout } = await cli(["worker", "--once", "--json", "--concurrency", "1"], { url });

    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ counted: 0, waiting: 0, locked: 0, given_up: 0 });
    await expectNoDrift(db);
  });

  test("exits with 1 where a transaction keeps a session locked", { timeout: 60_000 }, async ({ url, db, connect }) => {
    await populate(db);
    const application = connect({ max: 1 });
    await application`begin`;
    await application`update conversations set message = 'Changed, not committed' where organization_id = 1 and session_id = 'a'`;

    const { code, stdout } = await cli(["worker", "--once"], { url });
    await application`rollback`;

    expect(code).toBe(1);
    expect(stdout).toMatch(/^\d+ rows counted, \d+ rows? left that a transaction under way holds locked\.\n$/);
    await expectNoDrift(db);
  });
});

/** Two messages of a model that no list knows, and one of gpt-4. */
const twoModels = (db: Sql) => db`
  insert into conversations (id, session_id, message, model) values
    (1, 'a', '¿Está abierto el domingo por la mañana? 日曜日の朝は開いていますか', 'acme-large-2'),
    (2, 'a', '¿Está abierto el domingo por la tarde?', 'ACME-large-2'),
    (3, 'a', '¿Está abierto el lunes?', 'gpt-4')`;

const encodingOfRows = async (db: Sql) => {
  const rows = await db`select encoding::text from metrics.messages order by conversation_id`;
  return rows.map(({ encoding }) => encoding);
};

describe("encodings and recount", () => {
  test("a changed encoding recounts the messages that it concerns, and no other", async ({ url, db }) => {
    await twoModels(db);
    await cli(["worker", "--once"], { url });
    const [before] = await db`select counted_at from metrics.messages where conversation_id = 3`;

    const set = await cli(["encodings", "set", "Acme-", "cl100k_base", "--prefix"], { url });
    const recount = await cli(["recount"], { url });
    await cli(["worker", "--once"], { url });

    expect(set.stdout).toBe("acme-… is counted with cl100k_base from now on.\n");
    expect(set.stderr).toContain("npx conversation-metrics recount");
    expect(recount.stdout).toBe("2 rows to be counted again, of 3 rows.\n");
    expect(await encodingOfRows(db)).toEqual(["cl100k_base", "cl100k_base", "cl100k_base"]);
    expect(await db`select prompt_tokens from metrics.messages where conversation_id = 2`).toEqual([
      { prompt_tokens: 11 },
    ]);
    expect(await db`select counted_at from metrics.messages where conversation_id = 3`).toEqual([before]);
  });

  test("unset goes back to the default, and default changes it", async ({ url, db }) => {
    await twoModels(db);
    await cli(["encodings", "set", "acme-large-2", "r50k_base"], { url });
    await cli(["worker", "--once"], { url });
    const set = await encodingOfRows(db);

    await cli(["encodings", "unset", "acme-large-2"], { url });
    await cli(["recount"], { url });
    await cli(["worker", "--once"], { url });
    const unset = await encodingOfRows(db);
    await expectNoDrift(db);
    await cli(["encodings", "default", "p50k_base"], { url });
    await cli(["recount", "--batch-size", "1"], { url });
    await cli(["worker", "--once"], { url });

    expect(set).toEqual(["r50k_base", "r50k_base", "cl100k_base"]);
    expect(unset).toEqual(["o200k_base", "o200k_base", "cl100k_base"]);
    expect(await encodingOfRows(db)).toEqual(["p50k_base", "p50k_base", "cl100k_base"]);
  });

  test("the list shows families, models and the default", async ({ url, db }) => {
    await db`select`;

    const { stdout } = await cli(["encodings"], { url });

    expect(stdout).toMatch(/^gpt-4o… +o200k_base$/m);
    expect(stdout).toMatch(/^gpt-4 +cl100k_base$/m);
    expect(stdout).toMatch(/^\(default: .*\) +o200k_base$/m);
  });

  test("unset of what is not listed exits with 1; the default cannot be unset", async ({ url, db }) => {
    const unknown = await cli(["encodings", "unset", "acme"], { url });
    const none = await cli(["encodings", "unset", "", "--prefix"], { url });

    expect([unknown.code, none.code]).toEqual([1, 1]);
    expect(await db`select encoding::text from metrics.model_encodings where model = ''`).toEqual([
      { encoding: "o200k_base" },
    ]);
  });
});

describe("status", () => {
  const dead = (db: Sql) => db`
    insert into metrics.workers (worker, graphile_ids, started_at, seen_at)
    values ('gone', '{}', now() - interval '2 h', now() - interval '1 h')`;

  test("says what is exact, reported and estimated, and how long the oldest waits", async ({ url, db }) => {
    await db`insert into conversations (session_id, message, response, prompt_tokens)
      select 's' || n, 'Message', case when n > 10 then 'Answer' end, case when n <= 10 then 7 end from generate_series(1, 500) as n`;
    await cli(["worker", "--once"], { url });
    await db`insert into conversations (session_id, message) values ('new', 'Message'), ('new', 'Message')`;
    await db`update metrics.messages set counted_at = now() - interval '3 s' where prompt_source = 'estimate'`;

    const { stdout } = await cli(["status"], { url });
    const { tokens } = JSON.parse((await cli(["status", "--json"], { url })).stdout);

    expect(stdout).toMatch(/^counts +98\.8 % exact, 1\.0 % reported, 0\.2 % estimated, oldest waiting \d+ s$/m);
    expect(tokens).toMatchObject({ exact: 980, reported: 10, estimated: 2, given_up: 0 });
    expect(tokens.oldest_waiting).toBeGreaterThan(3);
  });

  test("shows how many workers live, and that none does", async ({ start, url, db }) => {
    await dead(db);
    const killed = await cli(["status"], { url });
    const worker = await start();
    await until(db, "exists (select from metrics.workers where worker <> 'gone')");
    const alive = await cli(["status"], { url });
    await worker.stop();
    const stopped = await cli(["status"], { url });

    expect(killed.stdout).toMatch(/^worker +DEAD: last seen 1 h 0 min ago, and it did not say goodbye$/m);
    expect(alive.stdout).toMatch(/^worker +alive: 1 process, last seen \d s ago$/m);
    expect(stopped.stdout).toMatch(/^worker +none runs: stopped, last seen \d+ s ago$/m);
  });
});

describe("doctor", () => {
  const finding = async (url: string, name: string) => {
    const { stdout } = await cli(["doctor", "--json"], { url });
    const checks: { check_name: string; ok: boolean; finding: string; cure: string | null }[] = JSON.parse(stdout);
    return checks.find((check) => check.check_name === name);
  };

  test("finds that no worker has ever run, and that messages wait for one", async ({ url, db }) => {
    await populate(db);

    expect(await finding(url, "worker")).toMatchObject({
      ok: false,
      finding: expect.stringContaining("none has ever run"),
      cure: "npx conversation-metrics worker (npx conversation-metrics start runs one too)",
    });
    expect(await finding(url, "tokens waiting")).toMatchObject({
      ok: false,
      finding: expect.stringMatching(/^\d+ messages estimated, the oldest has waited \d+ s$/),
    });
  });

  test("finds that messages wait too long although a worker runs", async ({ start, url, db, connect }) => {
    await start();
    await db`insert into conversations (id, session_id, message) values (1, 'locked', 'One two three')`;
    await untilCounted(db);
    await db`update conversations set message = 'One two' where id = 1`;
    const application = connect({ max: 1 });
    await application`begin`;
    await application`select from conversation_metrics for update`;
    await db`update metrics.messages set prompt_source = 'estimate', counted_at = now() - interval '11 min'`;

    const waiting = await finding(url, "tokens waiting");
    await application`rollback`;

    expect(waiting).toMatchObject({ ok: false, cure: expect.stringContaining("pg_stat_activity") });
  });

  test("finds a check that could not heal what it found, and one that is late", async ({ url, db }) => {
    // Alive by its heartbeat; a real one might make a check of its own meanwhile.
    await db`insert into metrics.workers (worker, graphile_ids, seen_at) values ('here', '{}', now() + interval '1 min')`;
    const young = await finding(url, "worker's own check");
    await db`insert into metrics.checks (checked_at, sessions, drifted, healed) values (now() - interval '10 min', 100, 0, 0)`;
    const late = await finding(url, "worker's own check");
    await db`insert into metrics.checks (sessions, drifted, healed) values (100, 3, 2)`;
    const unhealed = await finding(url, "worker's own check");

    expect(young).toMatchObject({ ok: true, finding: "none yet" });
    expect(late).toMatchObject({
      ok: false,
      finding: expect.stringMatching(/^10 min \d+ s ago: 100 sessions, all right/),
    });
    expect(unhealed).toMatchObject({
      ok: false,
      finding: expect.stringContaining("3 sessions wrong, 2 healed; 1 could not"),
    });
  });
});

describe("start", () => {
  test("runs a worker too, unless told not to", async ({ url, db }) => {
    const quiet = startCli(["start", "--no-worker"], { url });
    const quietEnd = finished(quiet);
    await said(quiet, "Ready. Ctrl-C stops it.");
    quiet.kill("SIGTERM");
    await quietEnd;
    const without = await db`select from metrics.workers`;

    const started = startCli(["start"], { url });
    const end = finished(started);
    await said(started, "Ready. Ctrl-C stops it.");
    await populate(db);
    await untilCounted(db);
    started.kill("SIGTERM");

    expect(without).toHaveLength(0);
    expect((await end).code).toBe(0);
    await expectNoDrift(db);
  });
});
