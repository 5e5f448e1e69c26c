import { describe, expect } from "vitest";
import type { Sql } from "../src/database.ts";
import { cases } from "./support/cases/index.ts";
import { test } from "./support/database.ts";
import { driftOf, expectNoDrift, oracleOf } from "./support/oracle.ts";

// The oracle is held to the hand-computed values first, with the engine switched off: it is right by itself, and not
// merely of one mind with the engine.
for (const [about, rules] of Object.entries(cases)) {
  describe(`the oracle on ${about}`, () => {
    test.for(rules)("$title", async ({ write, metrics }, { db }) => {
      const found = await db.begin(async (tx) => {
        for (const table of ["conversations", "leads", "feedback"]) {
          await tx`alter table ${tx(table)} disable trigger user`;
        }
        for (const statement of write) await tx.unsafe(statement);
        return oracleOf(tx);
      });

      expect(found).toMatchObject(metrics);
      expect(found).toHaveLength(metrics.length);
    });
  });
}

const twoSessions = `insert into conversations (organization_id, session_id, message, response, created_at)
  values (1, 's', 'hi', 'hello', '2025-03-01'), (null, 't', 'hi', null, '2025-03-01')`;

describe("the comparison", () => {
  test("it is silent when all is right", async ({ db }) => {
    await db.unsafe(twoSessions);

    await expectNoDrift(db);
  });

  test.for([
    ["a number that is off by one", "set user_messages = user_messages + 1", "user_messages is 2, should be 1"],
    ["a sum of another size", "set prompt_tokens = 9", "prompt_tokens is 9, should be 1"],
    ["a wrong time", "set conversation_start = '2025-03-02'", "conversation_start is 2025-03-02"],
    ["a value where there is none", "set lead_name = 'Ann'", "lead_name is Ann, should be null"],
    ["a missing value", "set conversation_end = null", "conversation_end is null"],
    ["a moved session", "set session_id = 'u'", 'session "u": has a metrics row and should have none'],
  ] as const)("it reports %s", async ([, change, line], { db }) => {
    await db.unsafe(twoSessions);
    await db.unsafe(`update conversation_metrics ${change} where session_id = 's'`);

    const drift = await driftOf(db);

    expect(drift.join("\n")).toContain(line);
    expect(drift.join("\n")).not.toContain('session "t"');
  });

  // As a worker writes it, with the number of tokens given.
  const claim = async (db: Sql, prompt: number) => {
    await db.unsafe(twoSessions);
    await db`update metrics.messages set prompt_source = 'tiktoken', prompt_tokens = ${prompt}, encoding = 'o200k_base',
      encoding_assumed = true, prompt_digest = metrics.text_digest(null, 'hi', null) where completion_source is not null`;
    await db`update conversation_metrics set prompt_tokens = ${prompt}, estimated_messages = 1 where session_id = 's'`;
  };

  test("it is silent about an exact count that is another tokenizer's too", async ({ db }) => {
    await claim(db, 1);

    await expectNoDrift(db);
  });

  test("it reports an exact count that is not another tokenizer's", async ({ db }) => {
    await claim(db, 2);

    const drift = await driftOf(db);

    expect(drift).toEqual([
      expect.stringMatching(/^row \d+: its prompt was counted 2, has 1$/),
      expect.stringContaining("prompt_tokens is 2, should be 1"),
    ]);
  });

  test("it reports a missing metrics row", async ({ db }) => {
    await db.unsafe(twoSessions);
    await db`delete from conversation_metrics where session_id = 't'`;

    const drift = await driftOf(db);

    expect(drift.join("\n")).toContain('organization NULL, session "t": has no metrics row');
  });

  test("it reports a ledger that does not add up to its metrics row", async ({ db }) => {
    await db.unsafe(twoSessions);
    await db`update metrics.messages set prompt_tokens = prompt_tokens + 1 where user_messages = 1 and ai_messages = 1`;

    const drift = await driftOf(db);

    expect(drift.join("\n")).toContain('organization 1, session "s": the ledger adds up to');
  });
});
