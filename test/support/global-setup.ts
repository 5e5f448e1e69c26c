import type { TestProject } from "vitest/node";
import { prepareDashboard } from "../../src/dashboard.ts";
import { connect } from "../../src/database.ts";
import { migrate } from "../../src/migrate.ts";
import { unpackBrowser } from "./browser-binary.ts";
import { makeRollupsEager } from "./rollups.ts";
import { startTestServer } from "./server.ts";
import { databaseUrl, PREFIX } from "./urls.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** A database of the server, for creating and dropping others. */
    serverUrl: string;
    /** The migrated database that tests are cloned from. */
    template: string;
    /** What the names of this run's databases begin with. */
    prefix: string;
  }
}

/** Starts the server of the run and makes the template; the function returned ends it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  // Once, before files of tests that need them begin at the same time.
  await Promise.all([prepareDashboard(console.log), unpackBrowser()]);
  const server = await startTestServer();
  const prefix = `${PREFIX}${Date.now().toString(36)}_${process.pid}_`;
  const template = `${prefix}template`;
  const sql = connect(server.url, { max: 1 });
  try {
    const [row] = await sql<[{ version: string }]>`select current_setting('server_version') as version`;
    console.log(`Tests run on ${server.description} (server version ${row.version}).`);
    await sql`create database ${sql(template)} template template0`;
    await migrate({ databaseUrl: databaseUrl(server.url, template) });
    const migrated = connect(databaseUrl(server.url, template), { max: 1 });
    await makeRollupsEager(migrated);
    await migrated.end();
  } catch (error) {
    await sql.end();
    await server.stop(false);
    throw error;
  }
  project.provide("serverUrl", server.url);
  project.provide("template", template);
  project.provide("prefix", prefix);
  return async () => {
    await sql`drop database ${sql(template)} with (force)`;
    const kept = await sql`select datname from pg_database where starts_with(datname, ${prefix})`;
    await sql.end();
    await server.stop(kept.length > 0);
  };
}
