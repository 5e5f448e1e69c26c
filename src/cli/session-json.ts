import { rowsToJson, rowToJson } from "./json-rows.ts";
import { queryRows } from "./result.ts";
import type { Session } from "./session.ts";
import type { SessionOf } from "./session-rows.ts";

const OF_SESSION = "where session_key = $1::uuid";

/** Prints a session's metrics row and ledger entries as one JSON object. */
export async function printSessionJson({ sql, out }: Session, { source, key }: SessionOf): Promise<void> {
  const rows = (text: string) => queryRows(sql, text, [key]);
  const metrics = await rows(`select * from ${source.schema}.session_metrics ${OF_SESSION}`);
  const messages = await rows(
    `select * from ${source.schema}.messages ${OF_SESSION} order by created_at, conversation_id`,
  );
  const leads = await rows(`select * from ${source.schema}.leads ${OF_SESSION} order by created_at, lead_id`);
  const feedback = await rows(`select * from ${source.schema}.feedback ${OF_SESSION} order by feedback_id`);
  const row = metrics.rows[0];
  out.print(`{"metrics":${row === undefined ? "null" : rowToJson(metrics, row)},`);
  out.print(`"messages":${rowsToJson(messages)},`);
  out.print(`"leads":${rowsToJson(leads)},`);
  out.print(`"feedback":${rowsToJson(feedback)}}`);
}
