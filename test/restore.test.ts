import { describe, expect } from "vitest";
import type { Sql } from "../src/database.ts";
import { test } from "./support/database.ts";
import { dumpData, restoreData, sources, type TableDump } from "./support/dump.ts";
import { random } from "./support/generators/prng.ts";
import { driftOf, expectDriftToBeFound, expectNoDrift, metricsOf } from "./support/oracle.ts";
import { populate } from "./support/population.ts";

/** The sources and our tables of a populated database, and what our tables hold in one that was just migrated. */
const dumped = async (db: Sql, url: string) => {
  const fresh = await dumpData(db, url);
  await populate(db);
  return { fresh, dumps: await dumpData(db, url), kept: await metricsOf(db) };
};

/** After a restore: exact, or found by the view; after a repair exact, and still so after more writes. */
const expectNeverSilentlyWrong = async (db: Sql) => {
  await expectDriftToBeFound(db);
  await db`select * from metrics.repair()`;
  await expectNoDrift(db);
  await db`select setval('conversations_id_seq', 5000), setval('leads_id_seq', 5000), setval('feedback_id_seq', 5000)`;
  await db`insert into conversations (organization_id, session_id, message) values (1, 'a', 'hi'), (1, 'new', 'hi')`;
  await db`update conversations set session_id = 'b' where id % 3 = 0`;
  await db`delete from leads where id % 2 = 0`;
  await db`update feedback set rating = 1 where id % 2 = 0`;
  await db`delete from conversations where id % 5 = 0`;
  await expectNoDrift(db);
};

const isSource = ({ table }: TableDump) => sources.includes(table);
const shuffled = (dumps: TableDump[], seed: number) => {
  const r = random(seed);
  return dumps
    .map((dump) => [r.below(1e9), dump] as const)
    .toSorted(([a], [b]) => a - b)
    .map(([, dump]) => dump);
};

const orders: [string, (dumps: TableDump[]) => TableDump[]][] = [
  ["the sources first", (dumps) => [...dumps.filter(isSource), ...dumps.filter((dump) => !isSource(dump))]],
  ["our tables first", (dumps) => [...dumps.filter((dump) => !isSource(dump)), ...dumps.filter(isSource)]],
  ["in the order of names", (dumps) => dumps.toSorted((a, b) => (a.table < b.table ? -1 : 1))],
  ["in the opposite order of names", (dumps) => dumps.toSorted((a, b) => (a.table > b.table ? -1 : 1))],
  ["the metrics last", (dumps) => dumps.toSorted((a) => (a.table === "public.conversation_metrics" ? 1 : -1))],
  ...Array.from({ length: 12 }, (_, n): [string, (dumps: TableDump[]) => TableDump[]] => [
    `in mixed order ${n + 1}`,
    (dumps) => shuffled(dumps, n),
  ]),
];

// The dump is taken of the test's database and goes back into it, brought to where a fresh migration leaves it: the
// schema is there, its triggers are on.
const emptied = async (db: Sql, url: string, fresh: TableDump[]) => {
  const tables = fresh.map(({ table }) => table).join(", ");
  await db.unsafe(`set session_replication_role = replica; truncate ${tables}; set session_replication_role = origin`);
  await restoreData(url, fresh, { disableTriggers: true });
};

for (const disableTriggers of [false, true]) {
  describe(`data restored alone, ${disableTriggers ? "with" : "without"} disabled triggers`, () => {
    test.for(orders)("%s, is exact or found, and healed", async ([, order], { db, url }) => {
      const { fresh, dumps } = await dumped(db, url);
      await emptied(db, url, fresh);

      await restoreData(url, order(dumps), { disableTriggers });

      await expectNeverSilentlyWrong(db);
    });

    test("with the sources alone in it, is exact or found, and healed", async ({ db, url }) => {
      const { fresh, dumps, kept } = await dumped(db, url);
      await emptied(db, url, fresh);

      await restoreData(url, dumps.filter(isSource), { disableTriggers });

      await expectDriftToBeFound(db);
      await db`select * from metrics.repair()`;
      expect(await metricsOf(db)).toEqual(kept);
      await expectNeverSilentlyWrong(db);
    });

    test.for([0, 1, 2, 3, 4, 5, 6, 7])(
      "of one table only (number %i) is exact or found, and healed",
      async (which, { db, url, skip }) => {
        const { dumps } = await dumped(db, url);
        const one = dumps[which];
        if (!one) return skip("there are fewer tables");
        await db`update conversations set session_id = 'later', message = 'later' where id % 4 = 0`;
        await db`delete from leads where id % 4 = 0`;
        await db`delete from feedback where id % 4 = 0`;
        await db.unsafe(
          `set session_replication_role = replica; truncate ${one.table} cascade; set session_replication_role = origin`,
        );

        await restoreData(url, [one], { disableTriggers });

        await expectNeverSilentlyWrong(db);
      },
    );
  });
}

describe("a whole dump", () => {
  test("restored as pg_restore does, triggers last, is exact at once", async ({ db, url }) => {
    const { dumps, kept } = await dumped(db, url);

    // pg_restore makes the triggers after all data: until then there is none. What a migration wrote is in the dump.
    await db.unsafe(`set session_replication_role = replica; truncate ${dumps.map(({ table }) => table).join(", ")};
      set session_replication_role = origin`);
    const restored = await restoreData(url, dumps, { disableTriggers: true });

    expect(restored.map(({ error }) => error)).toEqual(dumps.map(() => undefined));
    expect(await driftOf(db)).toEqual([]);
    expect(await metricsOf(db)).toEqual(kept);
    await expectNeverSilentlyWrong(db);
  });
});
