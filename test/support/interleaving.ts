import postgres, { type ReservedSql } from "postgres";
import type { Sql } from "../../src/database.ts";

/** One of several connections whose statements are put in an order. */
export type Actor = { connection: ReservedSql; pid: number };

/** Takes connections out of a pool. Deadlocks are found at once, and a statement that hangs is an error. */
export const openActors = (pool: Sql, count: number): Promise<Actor[]> =>
  Promise.all(
    Array.from({ length: count }, async () => {
      const connection = await pool.reserve();
      await connection.unsafe("set deadlock_timeout = '10ms'; set statement_timeout = '20s'");
      const [row] = await connection<[{ pid: number }]>`select pg_backend_pid() as pid`;
      return { connection, pid: row.pid };
    }),
  );

/** Every order in which the steps of scripts of these lengths can follow one another, as a list of whose turn it is. */
export const orders = (lengths: number[]): number[][] => {
  if (lengths.every((length) => length === 0)) return [[]];
  return lengths.flatMap((length, who) =>
    length === 0
      ? []
      : orders(lengths.map((other, n) => (n === who ? other - 1 : other))).map((rest) => [who, ...rest]),
  );
};

/** An actor at work on its script: its steps run one after the other, and stop at its first error. */
class Performance {
  readonly actor: Actor;
  outcome = "done";
  #pending = 0;
  #last: Promise<void> = Promise.resolve();

  constructor(actor: Actor) {
    this.actor = actor;
  }

  get isBusy() {
    return this.#pending > 0;
  }

  get finished() {
    return this.#last;
  }

  issue(step: string) {
    this.#pending += 1;
    this.#last = this.#last
      .then(() => this.#run(step))
      .finally(() => {
        this.#pending -= 1;
      });
  }

  async #run(step: string) {
    if (this.outcome !== "done") return;
    try {
      await this.actor.connection.unsafe(step);
    } catch (error) {
      if (!(error instanceof postgres.PostgresError)) throw error;
      this.outcome = [error.code, error.table_name].filter(Boolean).join(" of ");
      await this.actor.connection.unsafe("rollback");
    }
  }
}

const isBlocked = async (watcher: Sql, pid: number) => {
  const [row] = await watcher<[{ blocked: boolean }]>`select cardinality(pg_blocking_pids(${pid}::int)) > 0 as blocked`;
  return row.blocked;
};

/**
 * Plays scripts in an order. The next step is given when every statement before it has ended or waits for a lock; a
 * step of an actor that waits follows when its turn comes. Returns "done" or the SQLSTATE for each actor, of a
 * constraint with its table: "23505 of leads".
 */
export const play = async (watcher: Sql, actors: Actor[], scripts: string[][], order: number[]): Promise<string[]> => {
  const performances = actors.map((actor) => new Performance(actor));
  const next = scripts.map(() => 0);
  for (const who of order) {
    const turn = next[who] ?? 0;
    next[who] = turn + 1;
    performances[who]?.issue(scripts[who]?.[turn] ?? "");
    for (const performance of performances) {
      while (performance.isBusy && !(await isBlocked(watcher, performance.actor.pid)));
    }
  }
  await Promise.all(performances.map((performance) => performance.finished));
  return performances.map((performance) => performance.outcome);
};
