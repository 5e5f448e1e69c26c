import { describe, expect } from "vitest";
import { cli } from "./support/cli.ts";
import { test } from "./support/database.ts";

const costs = (rows: readonly { cost: string | null }[]) => rows.map(({ cost }) => cost);

describe("prices", () => {
  test("set from a time on prices what was sent since, and leaves what was before at its old price", async ({
    url,
    db,
  }) => {
    await db`insert into conversations (session_id, message, model, prompt_tokens, created_at) values
      ('old', 'hi', 'Our-Model-2', 1000000, '2026-01-01Z'), ('new', 'hi', 'Our-Model-2', 1000000, '2026-03-01Z')`;

    const first = await cli(["prices", "set", "Our-", "0.25", "1", "--prefix"], { url });
    const second = await cli(["prices", "set", "our-", "0.5", "1", "--prefix", "--from", "2026-02-01T00:00:00Z"], {
      url,
    });

    expect(first).toMatchObject({ code: 0, stdout: "our-… costs 0.25 and 1 USD.\n" });
    expect(second).toMatchObject({ code: 0, stdout: "our-… costs 0.5 and 1 USD since 2026-02-01T00:00:00.000Z.\n" });
    const rows = await db<
      { cost: string }[]
    >`select cost::numeric(10, 2) as cost from report_tokens(split_by => 'day') where cost > 0`;
    expect(costs(rows)).toEqual(["0.25", "0.50"]);
  });

  test("unset makes a model unpriced again, and says where there was nothing", async ({ url, db }) => {
    await db`insert into conversations (session_id, message, model) values ('s', 'hi', 'our-model')`;
    await cli(["prices", "set", "our-model", "1", "2"], { url });

    const taken = await cli(["prices", "unset", "our-model"], { url });
    const again = await cli(["prices", "unset", "our-model"], { url });

    expect(taken).toMatchObject({ code: 0, stdout: "our-model: 1 price taken away.\n" });
    expect(again).toMatchObject({ code: 1, stdout: "There is no such price of our-model.\n" });
    expect(costs(await db<{ cost: null }[]>`select cost from report_tokens()`)).toEqual([null]);
  });

  test("lists what is shipped with its source and date, also as JSON", async ({ url, db }) => {
    const [{ count } = { count: "" }] = await db`select count(*) from metrics.model_prices`;

    const { stdout, stderr } = await cli(["prices"], { url });
    const json = await cli(["prices", "--json"], { url });

    expect(stdout).toMatch(/^gpt-4o-mini +2024-07-18 +0\.15 +0\.60 +USD +2025-11-30$/m);
    expect(stderr).toContain("OpenAI API pricing page");
    expect(JSON.parse(json.stdout)).toHaveLength(Number(count));
  });

  test("shows every model, day and price whole in 80 columns, whatever the server's time zone", async ({ url, db }) => {
    const [database] = await db<[{ name: string }]>`select quote_ident(current_database()) as name`;
    await db.unsafe(`alter database ${database?.name} set time zone 'America/New_York'`);
    const env = { COLUMNS: "80" };

    const wide = await cli(["prices"], { url });
    const narrow = await cli(["prices"], { url, env });
    await cli(["prices", "set", "gpt-4o", "2", "8", "--from", "2027-01-01T09:30:00Z"], { url });
    const withTime = await cli(["prices"], { url, env });

    expect(narrow.stdout).toBe(wide.stdout);
    expect(narrow.stdout).toMatch(/^gpt-4o-mini +2024-07-18 +0\.15 .*2025-11-30$/m);
    expect(withTime.stdout).toMatch(/^gpt-4o +2027-01-01 09:30:00\+00 +2 +8 +USD$/m);
    expect(withTime.stdout).not.toContain("…");
  });

  test.for([
    ["prices", "set", "m", "free", "1"],
    ["prices", "set", "m", "-1", "1"],
    ["prices", "set", "m", "1", "1", "--currency", "Euro"],
  ])("%j is a usage error", async (args) => {
    expect(await cli(args)).toMatchObject({ code: 2 });
  });
});
