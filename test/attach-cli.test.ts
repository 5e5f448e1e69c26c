import { describe, expect } from "vitest";
import type { Sql } from "../src/database.ts";
import { chat } from "./support/attached/chat.ts";
import { cli } from "./support/cli.ts";
import { test } from "./support/database.ts";

const SUPPORT = ["attach", "support", "--messages", "chat.said"];

const sources = async (db: Sql) =>
  (await db`select name from metrics.attachments order by name`).map(({ name }) => name);

/** One source beside the default one, attached. */
const attached = async (db: Sql) => {
  await db.unsafe(chat("chat"));
  await db`select metrics.attach('support', 'chat.said')`;
};

describe("attach", () => {
  test("prints the SQL that it runs, and what is counted", async ({ db, url }) => {
    await db.unsafe(chat("chat"));

    const { code, stdout, stderr } = await cli(SUPPORT, { url });

    expect(code).toBe(0);
    expect(stdout).toContain("select metrics.attach(\n  'support',\n  messages => 'chat.said'\n);");
    expect(stdout).toMatch(/Attached support: 20 message rows in 2 sessions \(\d+\.\d s\)\./);
    expect(stderr).toContain("metrics_support.conversation_metrics");
    expect(await db`select * from metrics_support.conversation_metrics_drift`).toEqual([]);
  });

  test("--print runs nothing, and what it prints attaches, with keys and parents", async ({ db, url }) => {
    await db.unsafe(chat("chat"));
    await db.unsafe(`
      alter table chat.lines drop constraint lines_room_fkey;
      create unique index on chat.lines ((room || ':' || id));
      create view chat.keyed as select l.room || ':' || l.id as conversation_id, l.room as session_id, r.tenant as organization_id,
        l.words as message, l."at" as created_at from chat.lines l join chat.rooms r on r.id = l.room`);
    const query = "select l.room || ':' || l.id from changed join chat.lines l on l.room = changed.id";
    const key = ["--key", "messages=chat.lines:source.room || ':' || source.id"];

    const printed = await cli(
      ["attach", "support", "--messages", "chat.keyed", ...key, "--parent", `chat.rooms=${query}`, "--print"],
      { url },
    );
    expect(await sources(db)).toEqual(["default"]);
    await db.unsafe(printed.stdout);
    await db`update chat.rooms set tenant = 77`;

    expect(await db`select distinct organization_id from metrics_support.conversation_metrics`).toEqual([
      { organization_id: 77 },
    ]);
  });

  test("--no-backfill leaves the counting to backfill --source", async ({ db, url }) => {
    await db.unsafe(chat("chat"));

    const { stdout } = await cli([...SUPPORT, "--no-backfill"], { url });
    const before = await db`select from metrics_support.conversation_metrics`;
    const backfill = await cli(["backfill", "--source", "support"], { url });

    expect(stdout).toContain("Count what is there: npx conversation-metrics backfill --source support");
    expect(before).toHaveLength(0);
    expect(backfill.stdout).toContain("messages: 20 rows seen, 20 counted now");
    expect(await db`select * from metrics_support.conversation_metrics_drift`).toEqual([]);
  });

  test("--parent none says that a table never changes", async ({ db, url }) => {
    await db.unsafe(`${chat("chat")} alter table chat.lines drop constraint lines_room_fkey`);

    const refused = await cli(SUPPORT, { url });
    const { code } = await cli([...SUPPORT, "--parent", "chat.rooms=none"], { url });

    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("error: view chat.said reads chat.rooms, and no foreign key leads there");
    expect(refused.stderr).toContain("hint: Say which rows hang on a changed one");
    expect(code).toBe(0);
  });

  test("without a name or a view it says what is missing, and exits with 2", async ({ db, url }) => {
    await db`select`;

    const results = await Promise.all(
      [["attach"], ["attach", "support"], [...SUPPORT, "--key", "nonsense"], [...SUPPORT, "--parent", "nonsense"]].map(
        (args) => cli(args, { url }),
      ),
    );

    expect(results.map(({ code }) => code)).toEqual([2, 2, 2, 2]);
    expect(results.map(({ stderr }) => stderr.split("\n")[0])).toEqual([
      "error: What is missing: the name of the source.",
      "error: What is missing: --messages <view>.",
      'error: --key cannot be "nonsense".',
      'error: --parent cannot be "nonsense".',
    ]);
    expect(await sources(db)).toEqual(["default"]);
  });

  test("--list shows the sources with their tables, rows and failed rows", async ({ db, url }) => {
    await attached(db);
    await db`insert into metrics_support.failed_rows (kind, row_id, error) values ('messages', '999', 'as a test')`;

    const { stdout } = await cli(["attach", "--list"], { url });
    const json = await cli(["attach", "--list", "--json"], { url });

    expect(stdout).toMatch(/^support +chat\.lines \(with chat\.rooms\) +2 +20 +0 +0 +1 /m);
    expect(JSON.parse(json.stdout)).toMatchObject([
      { name: "default", tables: ["conversations", "feedback", "leads"], failed: 0 },
      { name: "support", tables: ["chat.lines"], parents: ["chat.rooms"], sessions: 2, messages: 20, failed: 1 },
    ]);
  });
});

describe("detach", () => {
  test("--yes removes what is ours", async ({ db, url }) => {
    await attached(db);

    const { code, stdout } = await cli(["detach", "support", "--yes"], { url });

    expect(code).toBe(0);
    expect(stdout).toBe(
      "Detached support: its metrics, ledgers and triggers are gone, your tables are as they were.\n",
    );
    expect(await sources(db)).toEqual(["default"]);
  });

  test("asks, and does nothing where nobody can answer; --print prints", async ({ db, url }) => {
    await attached(db);

    const asked = await cli(["detach", "support"], { url });
    const printed = await cli(["detach", "support", "--print"], { url });
    const unknown = await cli(["detach", "other", "--yes"], { url });

    expect([asked.code, printed.code, unknown.code]).toEqual([2, 0, 2]);
    expect(asked.stderr).toContain("hint: Say it: npx conversation-metrics detach support --yes");
    expect(printed.stdout).toBe("select metrics.detach('support');\n");
    expect(unknown.stderr).toContain("error: There is no source named other: there are default, support.");
    expect(await sources(db)).toEqual(["default", "support"]);
  });
});

describe("commands over several sources", () => {
  test("verify is 0 only when all are right, names the source, and repair heals it", async ({ db, url }) => {
    await attached(db);
    const right = await cli(["verify"], { url });
    await db`update metrics_support.conversation_metrics set user_messages = 99 where session_id = 1`;

    const wrong = await cli(["verify"], { url });
    const other = await cli(["verify", "--source", "default"], { url });
    const repair = await cli(["repair", "--json"], { url });
    const healed = await cli(["verify", "--source", "support"], { url });

    expect([right.code, wrong.code, other.code, healed.code]).toEqual([0, 1, 0, 0]);
    expect(wrong.stdout).toMatch(/^support +10 +1 +user_messages +99 /m);
    const { differences } = JSON.parse(repair.stdout);
    expect(differences).toContainEqual(expect.objectContaining({ source: "support", session_id: "1" }));
  });

  test("doctor checks each, and shows the rows that a mapping fails on by id and error, never by text", async ({
    db,
    url,
  }) => {
    await db.unsafe(chat("chat"));
    await db.unsafe(`create view chat.bad as select id as conversation_id, room as session_id, words as message,
      author::integer as prompt_tokens from chat.lines where author <> 'bot'`);
    await db`update chat.lines set author = '5'`;
    await db`select metrics.attach('support', 'chat.bad')`;
    await db`insert into chat.lines (id, room, author, words) values (100, 1, 'secret words', 'Text')`;

    const { code, stdout } = await cli(["doctor"], { url });

    expect(code).toBe(1);
    expect(stdout).toContain(
      'FAILED  support: mapping: it fails on 1 row, which is not counted: messages 100 (invalid input syntax for type integer: "…")',
    );
    expect(stdout).not.toContain("secret");
    expect(stdout).toMatch(/^ok {6}support: triggers: /m);
  });

  test("status adds them up, and shows each", async ({ db, url }) => {
    await attached(db);
    await db`insert into conversations (session_id, message) values ('a', 'Hi'), ('b', 'Hello')`;

    const all = await cli(["status"], { url });
    const one = JSON.parse((await cli(["status", "--source", "support", "--json"], { url })).stdout);

    expect(all.stdout).toMatch(/^sessions +4 in 3 organizations$/m);
    expect(all.stdout).toMatch(/^source +support: 2 sessions, 20 message rows$/m);
    expect(one).toMatchObject({ sessions: 2, total_messages: 20, sources: [{ name: "support" }] });
  });

  test("recent and session find those of every source", async ({ db, url }) => {
    await attached(db);
    await db`insert into conversations (session_id, message) values ('1', 'Hi')`;

    const recent = await cli(["recent"], { url });
    const ambiguous = await cli(["session", "1"], { url });
    const session = await cli(["session", "1", "--source", "support"], { url });
    const json = await cli(["session", "1", "--source", "support", "--json"], { url });

    expect(recent.stdout).toMatch(/^\S+ +support +10 +1 +10 /m);
    expect(ambiguous.code).toBe(2);
    expect(ambiguous.stderr).toContain("--source default --organization none");
    expect(session.stdout).toMatch(/^session +1, organization 10 \(source support\)$/m);
    expect(JSON.parse(json.stdout).messages).toHaveLength(10);
  });

  test("recount goes through all, or the named one", async ({ db, url }) => {
    await attached(db);
    await db`insert into conversations (session_id, message) values ('a', 'Hi')`;
    await cli(["worker", "--once"], { url });
    await cli(["encodings", "default", "cl100k_base"], { url });

    const one = await cli(["recount", "--source", "support", "--json"], { url });
    const all = await cli(["recount", "--json"], { url });

    expect(JSON.parse(one.stdout)).toEqual({ seen: 20, changed: 20, retried: 0 });
    expect(JSON.parse(all.stdout)).toEqual({ seen: 21, changed: 1, retried: 0 });
  });

  test("a source that is not there is named as such, with those that are", async ({ db, url }) => {
    await db`select`;

    const { code, stderr } = await cli(["verify", "--source", "shop"], { url });

    expect(code).toBe(2);
    expect(stderr).toContain("error: There is no source named shop: there is only default.");
  });
});

describe("a view or a table that is not there", () => {
  test("is named, with the cure", async ({ db, url }) => {
    await db.unsafe(chat("chat"));

    const view = await cli(["attach", "support", "--messages", "chat.nope"], { url });
    const table = await cli([...SUPPORT, "--parent", "chat.nobody=none"], { url });

    expect(view).toMatchObject({ code: 2, stdout: "" });
    expect(view.stderr).toMatch(/^error: There is no view or table chat\.nope\.\nhint: .*attach --suggest <table>$/m);
    expect(table.code).toBe(2);
    expect(table.stderr).toContain("There is no view or table chat.nobody.");
    expect(await sources(db)).toEqual(["default"]);
  });

  test("in an expression is the server's error, and no word of our installation", async ({ db, url }) => {
    await db.unsafe(chat("chat"));

    const { code, stderr } = await cli([...SUPPORT, "--key", "messages=chat.lines:source.nope"], { url });

    expect(code).toBe(1);
    expect(stderr).toContain("nope");
    expect(stderr).not.toContain("installation");
  });
});
