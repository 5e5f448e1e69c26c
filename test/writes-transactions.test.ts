import { describe, expect } from "vitest";
import type { Queryable, Sql } from "../src/database.ts";
import { test } from "./support/database.ts";
import { expectNoDrift, metricsOf } from "./support/oracle.ts";
import { populate } from "./support/population.ts";

/** One of each write on each table. */
const writeAll = async (sql: Queryable) => {
  await sql`insert into conversations (organization_id, session_id, message) values (1, 'a', 'hi'), (3, 'new', 'hi')`;
  await sql`update conversations set session_id = 'b', message = 'changed' where id % 4 = 0`;
  await sql`delete from conversations where id % 5 = 0`;
  await sql`insert into leads (organization_id, session_id, name, created_at) values (1, 'a', 'Last', '2030-01-01')`;
  await sql`delete from leads where id % 3 = 0`;
  await sql`update feedback set rating = 1 where id % 2 = 0`;
  await sql`insert into feedback (organization_id, session_id, rating) values (1, 'a', 5), (3, 'new', 5)`;
};

const abandon = new Error("abandoned");
const untilAbandoned = (work: Promise<unknown>) =>
  work.catch((error: unknown) => {
    if (error !== abandon) throw error;
  });

describe("a transaction", () => {
  test("shows its own writes in the metrics before it commits", async ({ db }) => {
    const seen = await db.begin(async (tx) => {
      await tx`insert into conversations (session_id, message) values ('s', 'hi')`;
      await tx`insert into conversations (session_id, message) values ('s', 'ho')`;
      return tx`select total_messages from conversation_metrics`;
    });

    expect([...seen]).toEqual([{ total_messages: 2 }]);
    await expectNoDrift(db);
  });

  test("shows nothing of its writes to others before it commits", async ({ db }) => {
    const seen = await db.begin(async (tx) => {
      await tx`insert into conversations (session_id, message) values ('s', 'hi')`;
      return metricsOf(db);
    });

    expect(seen).toEqual([]);
    await expectNoDrift(db);
  });

  test("of many writes is exact at its commit", async ({ db }) => {
    await populate(db);

    await db.begin(writeAll);

    await expectNoDrift(db);
  });

  test("that is rolled back leaves the metrics as they were", async ({ db }) => {
    await populate(db);
    const before = await metricsOf(db);

    await untilAbandoned(
      db.begin(async (tx) => {
        await writeAll(tx);
        throw abandon;
      }),
    );

    expect(await metricsOf(db)).toEqual(before);
    await expectNoDrift(db);
  });
});

describe("savepoints", () => {
  test("what is rolled back to a savepoint is not counted, what stands around it is", async ({ db }) => {
    await populate(db);

    await db.begin(async (tx) => {
      await tx`insert into conversations (session_id, message) values ('around', 'before')`;
      await untilAbandoned(
        tx.savepoint(async (inner) => {
          await writeAll(inner);
          await inner`insert into conversations (session_id, message) values ('around', 'within')`;
          throw abandon;
        }),
      );
      await tx`insert into conversations (session_id, message) values ('around', 'after')`;
    });

    expect(await metricsOf(db)).toContainEqual(expect.objectContaining({ session_id: "around", message_rows: 2 }));
    await expectNoDrift(db);
  });

  test("released within a rolled-back one they go with it", async ({ db }) => {
    await populate(db);
    const before = await metricsOf(db);

    await db.begin((tx) =>
      untilAbandoned(
        tx.savepoint(async (outer) => {
          await outer.savepoint(writeAll);
          throw abandon;
        }),
      ),
    );

    expect(await metricsOf(db)).toEqual(before);
    await expectNoDrift(db);
  });

  test("a first row rolled back and written again counts once", async ({ db }) => {
    await db.begin(async (tx) => {
      for (let n = 0; n < 3; n += 1) {
        await untilAbandoned(
          tx.savepoint(async (inner) => {
            await inner`insert into conversations (id, session_id, message) values (1, 's', 'hi')`;
            throw abandon;
          }),
        );
      }
      await tx`insert into conversations (id, session_id, message) values (1, 's', 'hi')`;
    });

    expect(await metricsOf(db)).toMatchObject([{ message_rows: 1, user_messages: 1 }]);
    await expectNoDrift(db);
  });

  test("an error that a block of PL/pgSQL catches takes only that block's writes back", async ({ db }) => {
    await populate(db);

    await db.unsafe(`do $$ begin
      for n in 1 .. 20 loop
        begin
          update conversations set session_id = 's' || n where id = n;
          insert into conversations (id, session_id, message) values (n * 2 + 20, 'dup', 'hi');
        exception when unique_violation then
          insert into conversations (session_id, message) values ('caught', 'hi');
        end;
      end loop;
    end $$`);

    await expectNoDrift(db);
  });
});

describe("PREPARE TRANSACTION", () => {
  const prepare = async (db: Sql, name: string) => {
    const connection = await db.reserve();
    try {
      await connection`begin`;
      await writeAll(connection);
      await connection.unsafe(`prepare transaction '${name}'`);
    } finally {
      connection.release();
    }
  };
  const limit = async (db: Sql) => {
    const [row] = await db<{ max_prepared_transactions: string }[]>`show max_prepared_transactions`;
    return Number(row?.max_prepared_transactions);
  };

  for (const [end, changes] of [
    ["commit", true],
    ["rollback", false],
  ] as const) {
    test(`${end} prepared ${changes ? "applies" : "undoes"} what the transaction wrote`, async ({ db, skip }) => {
      skip((await limit(db)) === 0, "this server has max_prepared_transactions = 0");
      await populate(db);
      const before = await metricsOf(db);
      const [{ name } = { name: "" }] = await db<{ name: string }[]>`select current_database() || ' prepared' as name`;

      await prepare(db, name);
      const between = await metricsOf(db);
      await db.unsafe(`${end} prepared '${name}'`);

      expect(between).toEqual(before);
      expect((await metricsOf(db)).some((row) => row.session_id === "new")).toBe(changes);
      await expectNoDrift(db);
    });
  }
});
