import postgres, { type ReservedSql } from "postgres";
import type { Random } from "./prng.ts";
import { statement } from "./statements.ts";

/** What a random transaction is made of, fixed before it runs, so that a seed gives the same one again. */
export type Transaction = {
  isolation: string;
  steps: string[];
  end: "commit" | "rollback" | "commit prepared" | "rollback prepared";
};

const savepoint = "s";

/** A statement by itself, or a transaction with savepoints, some of them rolled back. */
export const transaction = (r: Random, most: number): Transaction => {
  const isolation = r.pick(["read committed", "read committed", "repeatable read", "serializable"]);
  const steps: Transaction["steps"] = [];
  let open = 0;
  for (let left = 1 + r.below(most); left > 0; left -= 1) {
    if (r.chance(0.2)) {
      steps.push(`savepoint ${savepoint}`);
      open += 1;
    }
    steps.push(statement(r));
    if (open > 0 && r.chance(0.5)) {
      steps.push(`${r.pick(["rollback to", "release"])} savepoint ${savepoint}`);
      open -= 1;
    }
  }
  const end: Transaction["end"] = r.chance(0.06)
    ? r.pick(["commit prepared", "rollback prepared"])
    : r.chance(0.15)
      ? "rollback"
      : "commit";
  return { isolation, steps, end };
};

// What an application meets anyway: serialization failures, deadlocks of opposite transactions, its own keys taken.
const retriable = new Set(["40001", "40P01"]);
const ofItsOwn = new Set(["23503", "23505"]);
const itsTables = new Set(["conversations", "leads", "feedback"]);

const isExpected = (error: unknown) =>
  error instanceof postgres.PostgresError &&
  (retriable.has(error.code) || (ofItsOwn.has(error.code) && itsTables.has(error.table_name ?? "")));

const finish = async (sql: ReservedSql, end: Transaction["end"]) => {
  if (end === "commit" || end === "rollback") return sql.unsafe(end);
  const [row] = await sql<[{ name: string }]>`select current_database() || pg_backend_pid() as name`;
  await sql.unsafe(`prepare transaction '${row.name}'`);
  return sql.unsafe(`${end} '${row.name}'`);
};

/** Runs a transaction; returns how it ended. An error that no application should meet is thrown. */
export const run = async (sql: ReservedSql, { isolation, steps, end }: Transaction): Promise<string> => {
  const single = steps.length === 1 && end === "commit";
  try {
    if (!single || isolation !== "read committed") await sql.unsafe(`begin isolation level ${isolation}`);
    for (const step of steps) await sql.unsafe(step);
    if (!single || isolation !== "read committed") await finish(sql, end);
    return end;
  } catch (error) {
    await sql.unsafe("rollback");
    if (isExpected(error)) return error instanceof postgres.PostgresError ? error.code : "";
    throw new Error(`${String(error)}\nin ${JSON.stringify({ isolation, steps, end })}`, { cause: error });
  }
};
