import { randomBytes } from "node:crypto";
import type { TransactionSql } from "postgres";
import type { Sql } from "../../src/database.ts";
import { test as withDatabase } from "./database.ts";

/** Makes a role of the test's own, with options of CREATE ROLE. */
export type MakeRole = (options?: string) => Promise<string>;

/** Roles belong to the whole server: a test's own go with what they were granted when it ends. */
export const test = withDatabase.extend("makeRole", ({ server, connect }, { onCleanup }): MakeRole => {
  const made: string[] = [];
  onCleanup(async () => {
    const db = connect({ max: 1 });
    for (const name of made.toReversed()) {
      await db.unsafe(`drop owned by ${name}`).catch(() => {}); // A test may have dropped it.
      await server.unsafe(`drop role if exists ${name}`);
    }
  });
  return async (options = "") => {
    const name = `cm_test_role_${randomBytes(6).toString("hex")}`;
    await server.unsafe(`create role ${name} ${options}`);
    made.push(name);
    return name;
  };
});

/** Runs `work` as a role, in a transaction. */
export async function as<T>(db: Sql, role: string, work: (tx: TransactionSql) => Promise<T>): Promise<T> {
  const results: T[] = [];
  await db.begin(async (tx) => {
    await tx`set local role ${tx(role)}`;
    results.push(await work(tx));
  });
  const [result] = results;
  if (result === undefined) throw new Error("The transaction gave no result.");
  return result;
}
