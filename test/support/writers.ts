import postgres from "postgres";
import type { Sql } from "../../src/database.ts";
import { random } from "./generators/prng.ts";

/** Writers that go on until they are stopped. */
export type Writers = {
  /** How many statements they have finished. */
  written: () => number;
  /** Lets each finish its statement; throws if one met an error. */
  stop: () => Promise<void>;
};

/**
 * Writers that insert, change, move and delete, each rows of its own (id modulo their number) in sessions that all
 * share, in single statements: an error in any of them is not their doing. Ids from 20000000 they leave alone. `isEnd` tells which error ends them quietly.
 */
export const endless = (pool: Sql, count: number, isEnd: (error: unknown) => boolean = () => false): Writers => {
  let stopped = false;
  let written = 0;
  const write = async (me: number) => {
    const r = random(me + 1);
    const own = () => `id % ${count} = ${me} and id % 97 = ${r.below(97)} and id < 20000000`;
    const session = () => `'s' || ${r.below(60)}`;
    while (!stopped) {
      const statement = r.pick([
        () => `insert into conversations (id, organization_id, session_id, role, message)
          select 10000000 + ${written} * 1000 + n * ${count} + ${me}, ${r.pick(["null", "1", "2"])}, ${session()}, 'user', 'hi' from generate_series(1, 3) as n
          on conflict do nothing`,
        () => `update conversations set message = message || '.', session_id = ${session()} where ${own()}`,
        () => `update conversations set created_at = created_at - interval '1 h' where ${own()}`,
        () =>
          `delete from conversations where ${own()} and not exists (select from feedback where conversation_id = conversations.id)`,
        () => `update leads set session_id = ${session()} where ${own()}`,
        () => `delete from leads where ${own()}`,
        () => `insert into leads (organization_id, session_id, name) values (1, ${session()}, 'New')`,
        () => `update feedback set rating = 1 + rating % 5 where ${own()}`,
        () => `delete from feedback where ${own()}`,
        () => `insert into feedback (conversation_id, rating) select id, 2 from conversations where ${own()}`,
        () => `insert into feedback (organization_id, session_id, rating) values (1, ${session()}, 3)`,
      ])();
      await pool.unsafe(statement);
      written += 1;
    }
  };
  const working = Promise.allSettled(Array.from({ length: count }, (_, me) => write(me)));
  return {
    written: () => written,
    stop: async () => {
      stopped = true;
      for (const outcome of await working) {
        if (outcome.status === "rejected" && !isEnd(outcome.reason)) throw describe(outcome.reason);
      }
    },
  };
};

const describe = (error: unknown) =>
  error instanceof postgres.PostgresError
    ? new Error(`a writer failed: ${error.message} (${error.code}) ${error.detail ?? ""} ${error.where ?? ""}`, {
        cause: error,
      })
    : error;
