import { setTimeout as sleep } from "node:timers/promises";
import type { Pool } from "pg";
import { errorCode } from "../errors.ts";
import type { Patience } from "./patience.ts";

/** The code of an error after which nobody knows whether a transaction was committed. */
export const OUTCOME_UNKNOWN = "OUTCOME_UNKNOWN";

/** The connection was lost at the commit; `cause` says how. */
export class CommitLost extends Error {
  override readonly name = "CommitLost";
}

// The server may not have noticed yet that its client is gone.
const LONGEST_MS = 5000;
const LOOK_EVERY_MS = 50;
const IN_THE_FUTURE = "22023";

/**
 * What to throw for a transaction whose connection was lost at the commit: the loss itself where the server knows
 * that it was not committed, so that it may be done again.
 */
export async function outcomeOf(pool: Pool, patience: Patience, xid: string, lost: CommitLost): Promise<unknown> {
  const end = performance.now() + LONGEST_MS;
  for (;;) {
    const status = await statusOf(pool, patience, xid);
    if (status === "aborted") return lost.cause;
    if (status !== "in progress" || performance.now() > end) break;
    await sleep(LOOK_EVERY_MS);
  }
  // Also where it says "committed": after a crash another transaction may have got the number of one that was lost.
  return Object.assign(new Error(lost.message, { cause: lost.cause }), { code: OUTCOME_UNKNOWN });
}

async function statusOf(pool: Pool, patience: Patience, xid: string): Promise<string | null> {
  const text = "select pg_xact_status($1::text::xid8) as status";
  try {
    const { rows } = await patience(() => pool.query<{ status: string | null }>(text, [xid]));
    return rows[0]?.status ?? null;
  } catch (error) {
    // A number that the server has not come to again since it crashed: what it was given to then left no trace.
    return errorCode(error) === IN_THE_FUTURE ? "aborted" : null;
  }
}
