// Writes docs/schema.sql and migrations/hashes.json anew: `npm run schema`.
import { writeFile } from "node:fs/promises";
import { connect, type Sql } from "../../../src/database.ts";
import { migrate } from "../../../src/migrate.ts";
import { startTestServer } from "../server.ts";
import { databaseUrl, PREFIX } from "../urls.ts";
import { dumpSchema, SCHEMA_MAJOR, schemaFile, serverMajor } from "./dump.ts";
import { hashesFile, hashMigrations, resolveMigrations } from "./migrations.ts";

async function dumpMigrated(serverUrl: string, admin: Sql): Promise<string> {
  const name = `${PREFIX}schema_${process.pid}`;
  const url = databaseUrl(serverUrl, name);
  await admin`create database ${admin(name)} template template0`;
  const sql = connect(url, { max: 1 });
  try {
    await migrate({ databaseUrl: url });
    return await dumpSchema(sql);
  } finally {
    await sql.end();
    await admin`drop database ${admin(name)} with (force)`;
  }
}

const server = await startTestServer();
const admin = connect(server.url, { max: 1 });
try {
  const major = await serverMajor(admin);
  if (major !== SCHEMA_MAJOR)
    throw new Error(`The dump is of PostgreSQL ${SCHEMA_MAJOR}; ${server.description} has ${major}.`);
  await writeFile(schemaFile, await dumpMigrated(server.url, admin));
  await writeFile(hashesFile, `${JSON.stringify(hashMigrations(await resolveMigrations()), null, 2)}\n`);
  console.log(`Written: ${schemaFile}, ${hashesFile}`);
} finally {
  await admin.end();
  await server.stop(false);
}
