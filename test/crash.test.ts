import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { connect, type Sql } from "../src/database.ts";
import { startEmbedded } from "../src/embedded/server.ts";
import { migrate } from "../src/migrate.ts";
import { expectNoDrift } from "./support/oracle.ts";
import { fill } from "./support/sources.ts";
import { endless } from "./support/writers.ts";

// A server of its own, with the settings that are meant for real data: nothing is switched off for speed.
const settings = { max_prepared_transactions: "5" };

/** Writes rows one by one until the server is gone; returns how many it was told are written. */
const writeUntilTheEnd = async (sql: Sql) => {
  let told = 0;
  try {
    for (;;) {
      await sql`insert into conversations (id, session_id, message) values (${20_000_001 + told}, 'told', 'hi')`;
      told += 1;
    }
  } catch {
    return told;
  }
};

test("a server killed in the middle of load comes back exact, with everything that it said was written", {
  timeout: 120_000,
}, async ({ onTestFinished }) => {
  const dataDir = await mkdtemp(join(tmpdir(), "conversation-metrics-crash-"));
  onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
  const first = await startEmbedded({ dataDir, port: 0, settings });
  await migrate({ databaseUrl: first.url });
  const before = connect(first.url, { max: 10 });
  await fill(before, 2000);
  const preparing = await before.reserve();
  await preparing`begin`;
  await preparing`insert into conversations (id, session_id, message) values (19999999, 'prepared', 'hi')`;
  await preparing`prepare transaction 'at the crash'`;
  preparing.release();

  const writers = endless(before, 6, () => true);
  const telling = writeUntilTheEnd(before);
  while (writers.written() < 300) await before`select 1`;
  process.kill(first.pid, "SIGKILL");
  const told = await telling;
  await writers.stop();
  await first.exited;
  await before.end({ timeout: 0 });

  const second = await startEmbedded({ dataDir, port: 0, settings });
  onTestFinished(() => second.stop());
  const after = connect(second.url);
  await expectNoDrift(after, "after the recovery");
  const [kept] = await after`select message_rows from conversation_metrics where session_id = 'told'`;
  await after`commit prepared 'at the crash'`;
  await after`update conversations set message = 'after the crash', session_id = 's1' where id % 5 = 0`;
  await after`delete from conversations where id % 7 = 0`;
  await expectNoDrift(after, "after more writes");
  await after.end();

  expect(told).toBeGreaterThan(0);
  expect(kept?.message_rows).toBeGreaterThanOrEqual(told);
});
