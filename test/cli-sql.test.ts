import { describe, expect } from "vitest";
import { cli } from "./support/cli.ts";
import { test } from "./support/database.ts";
import { expectNoDrift } from "./support/oracle.ts";

describe("sql", () => {
  test("prints a table with numbers on the right", async ({ url }) => {
    const { code, stdout } = await cli(["sql", "select 'a' as name, 12345 as number union all select 'bcd', 6"], {
      url,
    });

    expect(code).toBe(0);
    expect(stdout).toBe("name  number\n────  ──────\na      12345\nbcd        6\n");
  });

  test("--json keeps every digit, and writes times, booleans and JSON as such", async ({ url }) => {
    const statement = `select 9007199254740993 as id, 0.10 as price, true as yes, null as nothing,
      '{"a":[1]}'::jsonb as data, timestamptz '2025-03-01 10:00:00.123456+00' as time, 'NaN'::float8 as nan, 'x"y' as text`;

    const { stdout } = await cli(["sql", statement, "--json"], { url, env: { PGTZ: "UTC" } });

    expect(stdout).toContain('"id":9007199254740993,"price":0.10,');
    expect(JSON.parse(stdout)).toMatchObject([{ yes: true, nothing: null, data: { a: [1] }, nan: "NaN", text: 'x"y' }]);
    expect(Date.parse(JSON.parse(stdout)[0].time)).toBe(Date.parse("2025-03-01T10:00:00.123Z"));
  });

  test("--json of no rows is an empty array", async ({ url }) => {
    const { stdout } = await cli(["sql", "select * from conversation_metrics", "--json"], { url });

    expect(JSON.parse(stdout)).toEqual([]);
  });

  test("--csv quotes what needs it", async ({ url }) => {
    const { stdout } = await cli(["sql", `select 'x,"y"' as a, null as b, 1 as a`, "--csv"], { url });

    expect(stdout).toBe('a,b,a\n"x,""y""",,1\n');
  });

  test("runs a script with its own BEGIN and COMMIT", async ({ url, db }) => {
    const script = "begin; insert into leads (session_id) values ('a'), ('b'); commit; select count(*) from leads";

    const { code, stdout } = await cli(["sql", script], { url });

    expect(code).toBe(0);
    expect(stdout).toMatch(/^count\n─+\n +2\n$/m);
    expect(await db`select from leads`).toHaveLength(2);
    await expectNoDrift(db);
  });

  test.for(["copy leads (name) from stdin", "copy (select generate_series(1, 200000)) to stdout; select 2"])(
    "%s is refused, with what does it",
    async (statement, { url }) => {
      const { code, stderr, stdout } = await cli(["sql", statement], { url });

      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(stderr).toMatch(/^error: COPY from stdin and to stdout is for psql\.\nhint: .*--csv.*\n$/);
    },
  );

  test("says what a statement without rows did", async ({ url, db }) => {
    const insert = "insert into conversations (session_id, message) values ('s', 'hi'), ('t', 'hi')";

    const { code, stdout } = await cli(["sql", insert], { url });

    expect({ code, stdout }).toEqual({ code: 0, stdout: "INSERT: 2 rows\n" });
    expect(await db`select from conversation_metrics`).toHaveLength(2);
  });

  test("several statements are one transaction", async ({ url, db }) => {
    const { code } = await cli(["sql", "insert into conversations (session_id) values ('s'); select 1/0"], { url });

    expect(code).toBe(1);
    expect(await db`select from conversations`).toHaveLength(0);
  });

  test("reads the statement from stdin", async ({ url }) => {
    const { stdout } = await cli(["sql", "-", "--csv"], { url, input: "select 1 as one;\nselect 2 as two;\n" });

    expect(stdout).toBe("one\n1\ntwo\n2\n");
  });

  test("shows the place of an error, and the server's hint", async ({ url }) => {
    const { code, stderr } = await cli(["sql", "select 1,\n  mesage from conversations"], { url });

    expect(code).toBe(1);
    expect(stderr).toBe(
      `error: column "mesage" does not exist\nline 2, column 3:\n    mesage from conversations\n    ^\n` +
        `hint: Perhaps you meant to reference the column "conversations.message".\n`,
    );
  });

  test("passes on notices", async ({ url }) => {
    const { stderr } = await cli(["sql", "do $$ begin raise notice 'seen'; end $$"], { url });

    expect(stderr).toContain("notice: seen");
  });

  test("no line is wider than the terminal", async ({ url }) => {
    const statement = "select repeat('long ', 50) as one, repeat('text ', 50) as two, 123456789 as three";

    const { stdout } = await cli(["sql", statement], { url, env: { COLUMNS: "50" } });

    expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(50);
    expect(stdout).toContain("123456789");
    expect(stdout).toContain("…");
  });

  test("a row too wide for a table is shown a column a line", async ({ url, db }) => {
    await db`insert into conversations (session_id, message) values ('s', 'hi')`;

    const { stdout } = await cli(["sql", "table conversation_metrics"], { url, env: { COLUMNS: "80" } });

    expect(stdout).toMatch(/^row 1\n {2}session_key +\S+\n/);
    expect(stdout).toMatch(/^ {2}total_messages +1$/m);
  });

  test("a text cannot tear the table or reach the terminal's controls", async ({ url }) => {
    const { stdout } = await cli(["sql", "select e'a\\nb\\x1b[2Jc' as text"], { url });

    expect(stdout).toBe("text\n───────\na b [2Jc\n".replace("───────", "────────"));
  });
});
