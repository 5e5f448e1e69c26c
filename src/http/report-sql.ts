import { errorCode } from "../errors.ts";
import { again } from "./again.ts";
import type { Database } from "./database.ts";
import { Problem } from "./problem.ts";
import { type Fragment, sql } from "./sql.ts";

const LONGEST_MS = 30_000;
const WRONG_FILTER = new Set(["22023", "2201W", "22007", "22008", "22009"]);

/** The rows of a report, as JSON values; times in UTC. */
export async function readReport(db: Database, report: Fragment): Promise<unknown[]> {
  try {
    return await again(() =>
      db.begin("read only", async (tx) => {
        await tx.query(
          sql`select set_config('timezone', 'UTC', true), set_config('statement_timeout', ${String(LONGEST_MS)}, true)`,
        );
        const found = await tx.query<{ row: unknown }>(report);
        return found.map(({ row }) => row);
      }),
    );
  } catch (error) {
    throw asFilterProblem(error);
  }
}

/** An error that a filter's own check raised, as the problem to answer with: it speaks of the filter alone. */
export function asFilterProblem(error: unknown): unknown {
  if (!(error instanceof Error) || !WRONG_FILTER.has(errorCode(error) ?? "")) return error;
  const hint: unknown = Reflect.get(error, "hint");
  const detail = typeof hint === "string" ? `${error.message}. ${hint}` : error.message;
  return new Problem(400, "invalid_filter", detail, { cause: error });
}
