import { describe, expect } from "vitest";
import type { Sql } from "../src/database.ts";
import { safeMessage } from "../src/worker/safe-message.ts";
import { cli } from "./support/cli.ts";
import { expectNoDrift } from "./support/oracle.ts";
import { counterWith, NO_BATCHES, test, until, untilCounted } from "./support/worker.ts";

const POISON = "The secret that nobody may read";

const fill = (db: Sql) => db`
  insert into conversations (id, session_id, message, response)
  select n, 's' || n % 3, case when n = 5 then ${POISON} else 'Message ' || n end, 'Yes' from generate_series(1, 20) as n`;

const failingCounter = (message: string) =>
  counterWith((text) => {
    if (text === POISON) throw new RangeError(message);
  });

const attempts = (count: number) =>
  `exists (select from metrics.token_retries where conversation_id = 5 and attempts = ${count}) and ${NO_BATCHES}`;

/** Lets all five attempts happen without their pauses. */
const fiveAttempts = async (db: Sql) => {
  for (let attempt = 1; attempt <= 5; attempt += 1) {
    await until(db, attempts(attempt));
    if (attempt < 5) await db`update metrics.token_retries set retry_at = clock_timestamp()`;
  }
};

describe("an error as it is logged and stored", () => {
  test("is one line, without what no row could hold, and of limited length", () => {
    expect(safeMessage(new Error("\tfirst\n\u0000second\u001b[31m "))).toBe("first second [31m");
    expect(safeMessage(new Error("\ud800x"))).toBe("\ufffdx");
    expect(safeMessage(new Error("x".repeat(500)))).toBe("x".repeat(200));
    expect(safeMessage(new TypeError(" "))).toBe("TypeError");
    expect(safeMessage("what")).toBe("string");
  });

  test.for([
    ["cannot read mail", ["mail"], "RangeError"],
    ["cannot read mail", ["a mail"], "cannot read mail"],
    ["cannot read a", ["a"], "cannot read a"],
    ["near 'ember my sec'", ["Please remember my secret"], "RangeError"],
    ["near 'member my s'", ["Please remember my secret"], "near 'member my s'"],
    [`${"x".repeat(190)} my secret is long`, ["my secret is long"], "x".repeat(190)],
  ] as const)("%s, of the texts %j, is %s", ([message, texts, line]) => {
    expect(safeMessage(new RangeError(message), [...texts])).toContain(line);
  });
});

describe("a text that cannot be counted", () => {
  test("is tried five times, stays an estimate, and holds up nobody", async ({ start, db }) => {
    await fill(db);
    const worker = await start({ counter: failingCounter("out of range") });

    await until(db, attempts(1));
    const [others] = await db`
      select count(*)::int as estimates from metrics.messages
      where conversation_id <> 5 and 'estimate' in (prompt_source, completion_source)`;
    await fiveAttempts(db);
    const [given] = await db`select attempts, retry_at = 'infinity' as given_up, error from metrics.token_retries`;

    expect(others).toEqual({ estimates: 0 });
    expect(given).toEqual({ attempts: 5, given_up: true, error: "out of range" });
    expect(worker.lines.join("")).not.toContain(POISON);
    await expectNoDrift(db);
  });

  test("is quoted in no error, whichever text of its row it is", async ({ start, db }) => {
    await db`insert into conversations (session_id, role, message, response) values
      ('s', 'assistant', 'Hello', ${POISON}), ('s', 'assistant', ${POISON}, 'Hello'), ('s', 'user', 'Hello', ${POISON})`;
    const worker = await start({ counter: failingCounter(`cannot read "${POISON}"`) });

    await until(db, "(select count(*) = 3 from metrics.token_retries where error is not null)");

    expect(await db`select distinct error from metrics.token_retries`).toEqual([{ error: "RangeError" }]);
    expect(worker.lines.join("")).not.toContain(POISON);
  });

  test("is shown by doctor with its id and error, never with its text", async ({ start, url, db }) => {
    await fill(db);
    await start({ counter: failingCounter(`cannot read "${POISON}"`) });
    await fiveAttempts(db);

    const { code, stdout, stderr } = await cli(["doctor"], { url });

    expect(code).toBe(1);
    expect(stdout).toMatch(
      /^FAILED +tokens given up: 1 row could not be counted .*: 5 \(RangeError\)\n +cure: .*recount --given-up/m,
    );
    expect(stdout + stderr).not.toContain("secret");
  });

  test("is counted once its text is another", async ({ start, db }) => {
    await fill(db);
    await start({ counter: failingCounter("out of range") });
    await fiveAttempts(db);

    await db`update conversations set message = 'Nothing to hide' where id = 5`;
    await db`select graphile_worker.add_job('check_sessions')`; // every minute otherwise
    await untilCounted(db);

    await expectNoDrift(db);
  });

  test("is counted after recount --given-up where the reason is gone", async ({ start, url, db }) => {
    await fill(db);
    const failing = await start({ counter: failingCounter("out of range") });
    await fiveAttempts(db);
    await failing.stop();

    const given = await cli(["worker", "--once"], { url });
    const recount = await cli(["recount", "--given-up"], { url });
    const { code, stdout } = await cli(["worker", "--once"], { url });

    expect(given).toMatchObject({ code: 1, stdout: "0 rows counted, 1 row given up.\n" });
    expect(recount.stdout).toBe("1 row to be counted again, of 20 rows.\n");
    expect({ code, stdout }).toEqual({ code: 0, stdout: "1 row counted, nothing is left.\n" });
    await expectNoDrift(db);
  });
});

describe("a job that cannot be used", () => {
  test.for(['{"batch_id": "1; drop table conversations"}', "{}", '{"batch_id": 999999}'])(
    "%s stops nothing",
    async (payload, { start, db }) => {
      await db`select graphile_worker.add_job('count_tokens', ${payload}::json)`;
      await fill(db);

      await start();
      await untilCounted(db);

      await expectNoDrift(db);
    },
  );
});
