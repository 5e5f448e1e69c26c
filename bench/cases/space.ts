import type { Case } from "../case.ts";
import { count } from "../format.ts";
import { readBenchSql } from "../read-sql.ts";
import { loaded } from "../templates.ts";

type Size = { relation: string; unit: "message" | "session"; table_bytes: string; index_bytes: string };

/** What the ledger and the metrics take on the disk. */
export const space: Case = {
  name: "space",
  summary: "bytes per message and per session that are added",
  run: async ({ databases, scale, progress }) => {
    const messages = scale.sessions * scale.rowsPerSession;
    progress("space");
    const sizes = await databases.withClone(loaded(messages, scale.sessions), "with the engine", ({ sql }) =>
      sql.unsafe<Size[]>(readBenchSql("data/sizes.sql")),
    );
    const per = (size: Size, bytes: string) => Number(bytes) / (size.unit === "message" ? messages : scale.sessions);
    const added = (unit: Size["unit"]) =>
      sizes
        .filter((size) => size.unit === unit && size.relation !== "conversations")
        .reduce((sum, size) => sum + per(size, size.table_bytes) + per(size, size.index_bytes), 0);
    return [
      {
        title: "Space",
        about:
          `After ${count(messages)} exchange rows in ${count(scale.sessions)} sessions came in one statement, and VACUUM. ` +
          "The metrics rows have a fill factor of 70, room for updates in place.",
        columns: ["table", "per", "table, bytes", "indexes, bytes", "both"],
        rows: sizes.map((size) => [
          size.relation,
          size.unit,
          count(per(size, size.table_bytes)),
          count(per(size, size.index_bytes)),
          count(per(size, size.table_bytes) + per(size, size.index_bytes)),
        ]),
        verdicts: [
          {
            work: "space that we add, with indexes",
            target: "(stated)",
            measured: `${count(added("message"))} bytes per message, ${count(added("session"))} per session`,
            met: true,
          },
        ],
      },
    ];
  },
};
