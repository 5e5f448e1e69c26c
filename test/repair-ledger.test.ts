import { describe, expect } from "vitest";
import { test } from "./support/database.ts";
import { expectNoDrift } from "./support/oracle.ts";
import { populate } from "./support/population.ts";
import { repair, viewOf, writeOn } from "./support/repair.ts";

const key = "(select session_key from conversation_metrics where organization_id = 1 and session_id = 'a')";

const ledgerTampered = [
  [
    "a count",
    `update metrics.messages set user_messages = user_messages + 1, prompt_source = 'estimate' where conversation_id = 1`,
  ],
  [
    "tokens",
    `update metrics.messages set prompt_tokens = prompt_tokens + 7 where conversation_id in (2, 3) and user_messages > 0`,
  ],
  ["a response time", `update metrics.messages set response_us = 5 where conversation_id = 4`],
  ["a time", `update metrics.messages set created_at = created_at - interval '1 day' where conversation_id = 5`],
  ["a row that is gone", `delete from metrics.messages where conversation_id = 4`],
  ["all rows of a session gone", `delete from metrics.messages where session_key = ${key}`],
  ["every row gone", `truncate metrics.messages`],
  ["a row in another session", `update metrics.messages set session_key = ${key} where conversation_id = 8`],
  ["a row without its session", `update metrics.messages set session_key = null where conversation_id = 9`],
] as const;

describe("verify and repair of the ledger", () => {
  test.for(ledgerTampered)("%s, changed by hand, is found and healed", async ([, tamper], { db }) => {
    await populate(db);
    await db.unsafe(tamper);

    const found = await viewOf(db);
    const healed = await repair(db);

    expect(found.map((row) => row.column_name)).toContain("ledger");
    expect([...healed]).toEqual([...found]);
    await expectNoDrift(db);
    await writeOn(db);
  });

  test.for([
    ["leads", "delete from metrics.leads"],
    ["feedback", "delete from metrics.feedback"],
    ["sessions", "delete from metrics.sessions"],
  ] as const)("a ledger of %s that was emptied is healed, or not needed", async ([, tamper], { db }) => {
    await populate(db);
    await db.unsafe(tamper);

    await repair(db);

    await expectNoDrift(db);
    await writeOn(db);
  });
});
