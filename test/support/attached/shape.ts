import { describe, expect } from "vitest";
import type { Sql } from "../../../src/database.ts";
import { test } from "../database.ts";
import { catalogOf } from "./catalog.ts";
import { expectExact, meantBy } from "./exact.ts";

/** An application with tables of its own, how they are mapped, and what their metrics are. */
export type Shape = {
  /** The name of the source. */
  source: string;
  tables: string;
  /** What the tables hold before they are attached. */
  rows: string;
  views: string;
  /** The arguments of metrics.attach after the name. */
  attach: string;
  /** The metrics of all sessions, from the tables alone; see ABSENT for what may be missing. */
  oracle: string;
  /** What the application does later: a sentence, and its statements. */
  writes: Record<string, string | string[]>;
};

/** The application as it was before. */
export const setUp = async (db: Sql, { tables, rows, views }: Shape): Promise<void> => {
  for (const text of [tables, rows, views]) await db.unsafe(text);
};

/** Attaches its tables. */
export const attach = async (db: Sql, shape: Shape): Promise<void> => {
  await db.unsafe(`select metrics.attach('${shape.source}', ${shape.attach})`);
};

/** The application as it was before, attached. */
export const attached = async (db: Sql, shape: Shape): Promise<void> => {
  await setUp(db, shape);
  await attach(db, shape);
};

const all = (statements: string | string[]) => [statements].flat();

/** The tests that every application must pass. */
export const describeShape = (title: string, shape: Shape): void => {
  const { source, oracle } = shape;
  const exact = (db: Sql) => expectExact(db, source, oracle);

  describe(title, () => {
    test("rows that were there are counted when it is attached", async ({ db }) => {
      await attached(db, shape);

      expect((await meantBy(db, oracle)).length).toBeGreaterThan(1);
      await exact(db);
    });

    for (const [sentence, statements] of Object.entries(shape.writes)) {
      test(sentence, async ({ db }) => {
        await attached(db, shape);
        const before = await meantBy(db, oracle);

        for (const statement of all(statements)) await db.unsafe(statement);

        expect(await meantBy(db, oracle)).not.toEqual(before);
        await exact(db);
      });
    }

    test("all of it in one transaction is exact, and rolled back it is as if it had not been", async ({ db }) => {
      await attached(db, shape);
      const stored = () => db.unsafe(`select * from metrics_${source}.conversation_metrics order by session_key`);
      const before = await stored();
      const statements = Object.values(shape.writes).flatMap(all);

      const undone = db.begin(async (tx) => {
        for (const statement of statements) await tx.unsafe(statement);
        throw new Error("undone");
      });
      await expect(undone).rejects.toThrow("undone");

      expect(await stored()).toEqual(before);
      await db.begin(async (tx) => {
        for (const statement of statements) await tx.unsafe(statement);
      });
      await exact(db);
    });

    test("attached without counting, a backfill in batches counts all rows", async ({ db }) => {
      await setUp(db, shape);
      await db.unsafe(`select metrics.attach('${source}', ${shape.attach}, backfill => false)`);

      for (const kind of ["messages", "leads", "feedback"]) {
        let after: string | null = null;
        do {
          const [batch]: { last_id: string | null }[] = await db.unsafe(
            `select last_id from metrics_${source}.backfill_batch($1, $2, 7)`,
            [kind, after],
          );
          after = batch?.last_id ?? null;
        } while (after !== null);
      }

      await exact(db);
    });

    test("detached, everything in the database is as it was", async ({ db }) => {
      await setUp(db, shape);
      const before = await catalogOf(db);
      await attach(db, shape);
      expect(await catalogOf(db)).not.toEqual(before);

      await db.unsafe(`select metrics.detach('${source}')`);

      expect(await catalogOf(db)).toEqual(before);
      for (const statement of Object.values(shape.writes).flatMap(all)) await db.unsafe(statement);
    });
  });
};
