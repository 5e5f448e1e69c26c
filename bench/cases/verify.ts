import type { Case } from "../case.ts";
import { count, seconds } from "../format.ts";
import { interleave } from "../rounds.ts";
import { median } from "../statistics.ts";
import { loaded } from "../templates.ts";

/** How long it takes to prove that all is right. */
export const verify: Case = {
  name: "verify",
  summary: "reading the whole of conversation_metrics_drift",
  run: async ({ databases, scale, progress }) => {
    const messages = scale.sessions * scale.rowsPerSession;
    const time = await databases.withClone(loaded(messages, scale.sessions), "with the engine", async ({ sql }) => {
      const samples = await interleave(scale.longRounds, ["verify"], async (_, round) => {
        const begin = performance.now();
        const [{ drift }] = await sql<[{ drift: string }]>`select count(*) as drift from conversation_metrics_drift`;
        if (drift !== "0") throw new Error(`The loaded database has ${drift} rows of drift.`);
        progress(`verify, round ${round + 1}: ${seconds(performance.now() - begin)}`);
        return performance.now() - begin;
      });
      return median(samples("verify"));
    });
    return [
      {
        title: "Verify",
        about: "select count(*) from conversation_metrics_drift, where all is right.",
        columns: ["messages", "sessions", "time", "per million messages"],
        rows: [[count(messages), count(scale.sessions), seconds(time), seconds((time / messages) * 1_000_000)]],
        verdicts: [],
      },
    ];
  },
};
