import { describe, expect } from "vitest";
import { APPLICATION } from "./support/application.ts";
import { cli, finished, said, startCli } from "./support/cli.ts";
import { test } from "./support/database.ts";

/** The command lines that `start` says come next. */
const next = async (url: string, args: string[] = []): Promise<string[]> => {
  const child = startCli(["start", "--no-worker", "--no-http", ...args], { url });
  const end = finished(child);
  const welcome = await said(child, "Ready. Ctrl-C stops it.");
  child.kill("SIGTERM");
  await end;
  const [, part = ""] = welcome.split("\nNext\n");
  return [...part.matchAll(/^ {2}npx conversation-metrics (\S(?: ?\S)*)/gm)].map(([, line = ""]) => line);
};

const runs = async (url: string, lines: string[]) => {
  const named = lines.filter((line) => line.startsWith("session "));
  return Promise.all(named.map(async (line) => (await cli(line.split(" "), { url })).code));
};

describe("what start says comes next", { timeout: 60_000 }, () => {
  test("in a new database are rows to try it with", async ({ bareUrl }) => {
    const lines = await next(bareUrl);

    expect(lines).toEqual([expect.stringContaining('sql "insert into'), "demo", "session s-1", "recent", "doctor"]);
  });

  test("is no demo where one is, and a session that is there", async ({ bareUrl }) => {
    const lines = await next(bareUrl, ["--demo"]);

    expect(lines).toEqual([expect.stringMatching(/^session demo-1-\d+$/), "recent", "doctor"]);
    expect(await runs(bareUrl, lines)).toEqual([0]);
  });

  test("writes nothing among an application's rows, and shows a session of its own", async ({ bareUrl, bareDb }) => {
    await bareDb.unsafe(APPLICATION);
    await bareDb`insert into conversations (organization_id, session_id, message) values (1, 'a-17', 'hi')`;

    const lines = await next(bareUrl);

    expect(lines).toEqual(["session a-17", "recent", "doctor"]);
    expect(await runs(bareUrl, lines)).toEqual([0]);
  });

  test("is a session by its uuid, and none that several organizations have", async ({ bareUrl, bareDb }) => {
    await bareDb`create table conversations
      (id int primary key, organization_id int, session_id uuid, message text, created_at timestamptz)`;
    await bareDb`insert into conversations
      select n, n, session_id::uuid, 'hi', now()
      from unnest(array['11111111-1111-4111-8111-111111111111', '11111111-1111-4111-8111-111111111111',
        '22222222-2222-4222-8222-222222222222']) with ordinality as u (session_id, n)`;

    const lines = await next(bareUrl);

    expect(lines).toEqual(["session 22222222-2222-4222-8222-222222222222", "recent", "doctor"]);
    expect(await runs(bareUrl, lines)).toEqual([0]);
  });

  test("looks, but does not touch, where only attached tables are counted", async ({ bareUrl, bareDb }) => {
    await cli(["migrate", "--attach-only"], { url: bareUrl });

    expect(await next(bareUrl)).toEqual(["recent", "doctor"]);
    expect(await bareDb`select to_regclass('public.conversations') as made`).toEqual([{ made: null }]);
  });
});
