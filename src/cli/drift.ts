import type { Sql } from "../database.ts";
import { NONE } from "./format.ts";
import type { Column } from "./table.ts";

/** A row of conversation_metrics_drift: a stored value that is not the one recomputed. */
export type Difference = {
  organization_id: string | null;
  session_id: string | null;
  column_name: string;
  stored: string | null;
  actual: string | null;
  session_key: string | null;
};

/** Calls `visit` for each difference there is, without holding all of them. */
export async function forEachDifference(sql: Sql, visit: (difference: Difference) => void): Promise<void> {
  const query = sql<Difference[]>`
    select organization_id::text, session_id::text, column_name, stored, actual, session_key
    from public.conversation_metrics_drift
    order by 1 nulls last, 2, 3`;
  await query.cursor(1000, (rows) => rows.forEach(visit));
}

/** How differences are shown. */
export const DRIFT_COLUMNS: Column[] = [
  { name: "organization", min: 6 },
  { name: "session" },
  { name: "column" },
  { name: "stored" },
  { name: "actual" },
];

/** The cells of a difference. */
export function driftRow(difference: Difference): string[] {
  const { organization_id, session_id, column_name, stored, actual } = difference;
  return [organization_id ?? NONE, session_id ?? NONE, column_name, stored ?? NONE, actual ?? NONE];
}
