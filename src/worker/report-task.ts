import type { Task } from "graphile-worker";
import { connect } from "../database.ts";
import type { Logger } from "../log.ts";

/** Once an hour, by one of all workers: months end at other moments in other zones. */
export const REPORT_CRONTAB = "5 * * * * send_reports ?max=1&jobKey=send_reports";

/** The job send_reports: sends the monthly reports that are due. */
export function createReportTask({ databaseUrl, log }: { databaseUrl: string; log: Logger }): Task {
  return async () => {
    // By a connection of its own, as long as it lasts: a report reads longer than a count.
    const sql = connect(databaseUrl, { max: 1, arrayTypes: false, applicationName: "conversation-metrics worker" });
    try {
      const { sendDue } = await import("../report/send.ts");
      await sendDue(sql, log);
    } finally {
      await sql.end({ timeout: 5 });
    }
  };
}
