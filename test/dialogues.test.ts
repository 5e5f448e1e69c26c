import { beforeEach, describe, expect } from "vitest";
import { copyIn } from "./support/copy.ts";
import { test } from "./support/database.ts";
import { asExchanges, asMessages, count, missingDialogues, readDialogues } from "./support/dialogues.ts";
import { random } from "./support/generators/prng.ts";
import { expectNoDrift, metricsOf } from "./support/oracle.ts";

const columns = ["organization_id", "session_id", "role", "message", "response", "created_at", "responded_at"] as const;
const table = `conversations (${columns.join(", ")})`;

/** The bytewise order in which the metrics are read. */
const byKey = (a: { organization_id: string | null; session_id: string }, b: typeof a) =>
  Number(a.organization_id ?? Infinity) - Number(b.organization_id ?? Infinity) ||
  (a.session_id < b.session_id ? -1 : 1);

describe("the 2,098 dialogues", { timeout: 120_000 }, () => {
  if (missingDialogues) console.log(`The tests with real dialogues are skipped: ${missingDialogues}.`);
  beforeEach(({ skip }) => skip(missingDialogues !== undefined, missingDialogues));

  for (const [shape, toRows] of [
    ["exchanges", asExchanges],
    ["single messages with roles", asMessages],
  ] as const) {
    test(`written as ${shape} in one COPY, count what the file holds`, async ({ db, url }) => {
      const dialogues = readDialogues(random(2019));

      await copyIn(
        url,
        table,
        dialogues.flatMap(toRows).map((row) => columns.map((name) => row[name])),
      );

      const kept = await metricsOf(db);
      const expected = dialogues.map(count).toSorted(byKey);
      expect(kept).toHaveLength(2098);
      expect(kept.map((row, n) => ({ ...row, ...expected[n] }))).toEqual(kept);
      await expectNoDrift(db);
    });
  }

  test("written message by message in the order of time, count what the file holds", async ({ db, connect }) => {
    const dialogues = readDialogues(random(2019)).slice(0, 300);
    const rows = dialogues.flatMap(asMessages).toSorted((a, b) => (a.created_at < b.created_at ? -1 : 1));
    const pool = connect({ max: 4 });

    // a few connections take turns, so that the sessions grow side by side; times go as text, exact to the microsecond
    await Promise.all(
      rows.map(
        (row) => pool`
          insert into conversations (organization_id, session_id, role, message, created_at)
          values (${row.organization_id}, ${row.session_id}, ${row.role}, ${row.message}, ${row.created_at}::text::timestamptz)`,
      ),
    );

    const kept = await metricsOf(db);
    const expected = dialogues.map(count).toSorted(byKey);
    expect(kept.map((row, n) => ({ ...row, ...expected[n] }))).toEqual(kept);
    await expectNoDrift(db);
  });
});
