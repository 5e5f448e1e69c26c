import { connect } from "../database.ts";

/** The table to look into first: conversation_metrics, or where no source is named default, that of all sources. */
export async function metricsTable(url: string): Promise<string> {
  const sql = connect(url, { max: 1 });
  try {
    const found = await sql`select from metrics.attachments where name = 'default'`;
    return found.count > 0 ? "conversation_metrics" : "all_conversation_metrics";
  } finally {
    await sql.end({ timeout: 5 });
  }
}
