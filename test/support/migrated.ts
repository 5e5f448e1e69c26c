import type { Sql } from "../../src/database.ts";
import { type MigrateOptions, migrate } from "../../src/migrate.ts";

type Bare = { bareDb: Sql; bareUrl: string };

/** Runs an application's own set-up on an empty database, then our migrations; returns the client. */
export const migrated = async (
  { bareDb, bareUrl }: Bare,
  setUp: string,
  options: Omit<MigrateOptions, "databaseUrl"> = {},
): Promise<Sql> => {
  await bareDb.unsafe(setUp);
  await migrate({ databaseUrl: bareUrl, ...options });
  return bareDb;
};
