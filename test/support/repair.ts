import type { Sql } from "../../src/database.ts";
import { expectNoDrift } from "./oracle.ts";

/** A line of the drift view, or of what a repair returns. */
export type Found = {
  organization_id: string | null;
  session_id: string;
  column_name: string;
  stored: string | null;
  actual: string | null;
};

/** The drift view, in order. */
export const viewOf = (db: Sql) => db<Found[]>`
  select organization_id, session_id, column_name, stored, actual from conversation_metrics_drift
  order by organization_id, session_id, column_name`;
/** Heals everything, and returns what it healed in the order of the view. */
export const repair = (db: Sql) => db<Found[]>`
  select organization_id, session_id, column_name, stored, actual from metrics.repair()
  order by organization_id, session_id, column_name`;

/** Writes that only come out right where the ledger behind the metrics is right as well. */
export const writeOn = async (db: Sql) => {
  await db`insert into conversations (organization_id, session_id, message, created_at) values (1, 'a', 'hi', '2024-01-01')`;
  await db`update conversations set message = 'changed', session_id = 'b' where id % 3 = 0`;
  await db`delete from conversations where id % 5 = 0`;
  await db`delete from leads where id % 2 = 0`;
  await db`update feedback set rating = 1 where id % 2 = 0`;
  await expectNoDrift(db);
};
