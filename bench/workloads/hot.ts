import { readBenchSql } from "../read-sql.ts";
import { prepare } from "./prepare.ts";
import { sessionOf } from "./sessions.ts";
import { ANSWER, QUESTION } from "./texts.ts";
import type { Prepared } from "./workload.ts";
import { exchanges } from "./workloads.ts";

/** What meets at one row: nothing (plain), a counter, or the metrics of a session. */
export const HOT_SIDES = ["plain", "counter", "insert + counter", "floor", "engine"] as const;

/** One of {@link HOT_SIDES}. */
export type HotSide = (typeof HOT_SIDES)[number];

const SESSION = sessionOf(1);

/** Statements and step of a side. */
export function prepareHot(side: HotSide): Prepared {
  if (side === "counter") return one("update counters set n = n + 1 where id = 1", []);
  if (side !== "insert + counter") return prepare(exchanges, side, () => SESSION);
  const { organization, id, widget, user } = SESSION;
  return one(readBenchSql("data/count-insert.sql"), [organization, id, widget, user, QUESTION, ANSWER]);
}

function one(statement: string, parameters: string[]): Prepared {
  return {
    statements: { count: statement },
    step: async (connection) => {
      await connection.run("count", parameters);
      return 1;
    },
  };
}
