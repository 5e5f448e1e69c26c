import { copyIn, copyOut } from "../bulk/copy.ts";
import { measureBulk } from "../bulk/measure.ts";
import type { Case } from "../case.ts";
import { COPY_EXCHANGES, EMPTY, exchanges, insertExchanges } from "../templates.ts";

const TARGET = 1.3;

/** Many rows in many sessions by one INSERT. */
export const bulk: Case = {
  name: "bulk",
  summary: "one INSERT of many rows in many sessions",
  run: async (bench) => {
    const { bulkRows, bulkSessions } = bench.scale;
    const statement = insertExchanges(bulkRows, bulkSessions);
    return [
      await measureBulk(bench, {
        work: "one statement of {rows} rows in {sessions} sessions",
        rows: bulkRows,
        sessions: bulkSessions,
        template: EMPTY,
        target: TARGET,
        write: async (sql) => void (await sql.unsafe(statement)),
      }),
    ];
  },
};

/** The same rows by COPY. */
export const copy: Case = {
  name: "copy",
  summary: "the same rows by COPY",
  run: async (bench) => {
    const { bulkRows, bulkSessions } = bench.scale;
    const lines = await copyOut(bench.server.admin, exchanges(bulkRows, bulkSessions));
    return [
      await measureBulk(bench, {
        work: "COPY of {rows} rows in {sessions} sessions",
        rows: bulkRows,
        sessions: bulkSessions,
        template: EMPTY,
        target: TARGET,
        write: (sql) => copyIn(sql, COPY_EXCHANGES, lines),
      }),
    ];
  },
};
