import { connect, type Sql } from "../database.ts";
import { UserError } from "../errors.ts";
import { DEMO_SESSIONS, fillDemo, hasDemo, refuseForeignTables, requireTables } from "./demo-data.ts";
import { counted } from "./format.ts";
import type { Output } from "./output.ts";
import { UNUSABLE } from "./report-error.ts";
import { isMigrated } from "./session.ts";
import type { CliSettings } from "./settings.ts";

/** Refuses a database of an application, before anything is changed in it. */
export async function refuseApplication(url: string): Promise<void> {
  await using(url, async (sql) => {
    if (await isMigrated(sql)) {
      await requireTables(sql);
      return refuseForeignTables(sql);
    }
    const [found] = await sql<[{ table: string }?]>`
      select name as table from unnest(array['conversations', 'leads', 'feedback']) as name
      where to_regclass('public.' || name) is not null limit 1`;
    if (found === undefined) return;
    throw new UserError(`This database has a table ${found.table} already: the demo is for one of its own.`, {
      hint: "Unset DATABASE_URL for the embedded database, or start without --demo.",
      exitCode: UNUSABLE,
    });
  });
}

/** Fills a database with a demo, once: what is there stays as it is. */
export async function fillOnce(url: string, settings: CliSettings, out: Output): Promise<void> {
  await using(url, async (sql) => {
    await requireTables(sql);
    if (await hasDemo(sql)) return out.print("The demo data is there already.");
    const { seconds } = await fillDemo({ sql, out, settings }, { sessions: DEMO_SESSIONS });
    out.print(`90 days of demo data: ${counted(DEMO_SESSIONS, "session")} in ${seconds.toFixed(1)} s.`);
  });
}

async function using(url: string, work: (sql: Sql) => Promise<void>): Promise<void> {
  const sql = connect(url, { max: 2 });
  try {
    await work(sql);
  } finally {
    await sql.end({ timeout: 5 });
  }
}
