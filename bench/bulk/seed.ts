import type { Bench } from "../case.ts";
import type { Template } from "../databases.ts";
import { WireConnection } from "../load/wire.ts";
import { insertExchanges } from "../templates.ts";
import { prepare } from "../workloads/prepare.ts";
import { sessionOf } from "../workloads/sessions.ts";
import { exchanges } from "../workloads/workloads.ts";

const SAMPLE_ROWS = 1_000;

/**
 * The time in which an application with one connection would bring these rows in. Its work grows with
 * the session, which it reads for every row: the sample is taken when half of the rows are there.
 */
export function seedTime(bench: Bench, work: { rows: number; sessions: number; template: Template }): Promise<number> {
  const sample = Math.min(SAMPLE_ROWS, Math.ceil(work.rows / work.sessions > 1_000 ? 100 : SAMPLE_ROWS));
  return bench.databases.withClone(work.template, "without triggers", async ({ sql, url }) => {
    await sql.unsafe(insertExchanges(Math.ceil(work.rows / 2), work.sessions));
    await sql`analyze conversations`;
    let next = 0;
    const { statements, step } = prepare(exchanges, "seed", () => sessionOf(1 + (next++ % work.sessions)));
    const connection = await WireConnection.open(url);
    for (const [name, text] of Object.entries(statements)) await connection.prepare(name, text);
    const begin = performance.now();
    for (let row = 0; row < sample; row += 1) await step(connection, 0);
    const ms = performance.now() - begin;
    connection.close();
    return (ms / sample) * work.rows;
  });
}
