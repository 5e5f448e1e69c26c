import { measureBulk } from "../bulk/measure.ts";
import type { Case } from "../case.ts";
import { insertExchanges, loaded } from "../templates.ts";

/** Many rows in one session by one INSERT, where an engine that works row by row turns quadratic. */
export const oneSession: Case = {
  name: "one-session",
  summary: "one INSERT of many rows into one session",
  run: async (bench) => {
    const { oneSessionRows, sessions, rowsPerSession } = bench.scale;
    const statement = insertExchanges(oneSessionRows, 1);
    return [
      await measureBulk(bench, {
        work: "{rows} rows into {sessions} session in one statement",
        rows: oneSessionRows,
        sessions: 1,
        template: loaded(sessions * rowsPerSession, sessions),
        target: 1.3,
        write: async (sql) => void (await sql.unsafe(statement)),
      }),
    ];
  },
};
