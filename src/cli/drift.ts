import type { Sql } from "../database.ts";
import type { Source } from "../sources.ts";
import { NONE } from "./format.ts";
import type { Column } from "./table.ts";

/** A row of conversation_metrics_drift: a stored value that is not the one recomputed. */
export type Difference = {
  source: string;
  organization_id: string | null;
  session_id: string | null;
  column_name: string;
  stored: string | null;
  actual: string | null;
  session_key: string | null;
};

/** Calls `visit` for each difference in a source, without holding all of them. */
export async function forEachDifference(
  sql: Sql,
  { name, home }: Source,
  visit: (difference: Difference) => void,
): Promise<void> {
  const query = sql<Difference[]>`
    select ${name} as source, organization_id::text, session_id::text, column_name, stored, actual, session_key
    from ${sql(`${home}.conversation_metrics_drift`)}
    order by 2 nulls last, 3, 4`;
  await query.cursor(1000, (rows) => rows.forEach(visit));
}

/** How differences are shown: with their source where there are several. */
export const driftColumns = (sources: Source[]): Column[] => [
  ...(sources.length > 1 ? [{ name: "source", min: 6 }] : []),
  { name: "organization", min: 6 },
  { name: "session" },
  { name: "column" },
  { name: "stored" },
  { name: "actual" },
];

/** The cells of a difference. */
export function driftRow(sources: Source[], difference: Difference): string[] {
  const { source, organization_id, session_id, column_name, stored, actual } = difference;
  return [
    ...(sources.length > 1 ? [source] : []),
    organization_id ?? NONE,
    session_id ?? NONE,
    column_name,
    stored ?? NONE,
    actual ?? NONE,
  ];
}
