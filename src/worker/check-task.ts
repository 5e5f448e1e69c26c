import type { Task } from "graphile-worker";
import type { Pool } from "pg";
import { z } from "zod";
import type { Logger } from "../log.ts";
import { forEachSource, type WorkerSource } from "./sources.ts";

/** Once a minute, by one of all workers; a check that takes longer is not joined by a second one. */
export const CHECK_CRONTAB = "* * * * * check_sessions ?max=1&jobKey=check_sessions";

const detailsSchema = z.array(
  z.object({
    organization_id: z.union([z.string(), z.number()]).nullable(),
    session_id: z.union([z.string(), z.number()]).nullable(),
    columns: z.array(z.string()),
  }),
);

type CheckRow = { check_id: string; sessions: number; drifted: number; healed: number; details: unknown };

/** The job check_sessions: compares the sessions of all sources with their rows, and heals and logs what differs. */
export function createCheckTask({ pool, log }: { pool: Pool; log: Logger }): Task {
  return () => forEachSource(pool, (source) => checkSource(pool, log, source));
}

async function checkSource(pool: Pool, log: Logger, { name, schema }: WorkerSource): Promise<void> {
  const { rows } = await pool.query<CheckRow>(
    `select check_id, sessions, drifted, healed, details from ${schema}.check_sessions()`,
  );
  const [check] = rows;
  if (check === undefined) return;
  const { check_id, sessions, drifted, healed } = check;
  log.debug({ source: name, check_id, sessions, drifted }, "checked");
  if (drifted === 0) return;
  const found = detailsSchema.safeParse(check.details);
  log.warn(
    { source: name, check_id, sessions: found.success ? found.data : undefined },
    `The check found ${drifted} of ${sessions} sessions wrong, and healed ${healed}.`,
  );
}
