import { describe, expect } from "vitest";
import { test } from "./support/database.ts";
import { writeOneOfEach } from "./support/one-of-each.ts";
import { expectNoDrift, metricsOf } from "./support/oracle.ts";
import { populate } from "./support/population.ts";

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

    await db.begin(writeOneOfEach);

    await expectNoDrift(db);
  });

  test("that is rolled back leaves the metrics as they were", async ({ db }) => {
    await populate(db);
    const before = await metricsOf(db);

    await untilAbandoned(
      db.begin(async (tx) => {
        await writeOneOfEach(tx);
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
          await writeOneOfEach(inner);
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
          await outer.savepoint(writeOneOfEach);
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
