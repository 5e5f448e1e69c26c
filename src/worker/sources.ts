import { escapeIdentifier, type Pool } from "pg";

/** A source whose messages a worker counts. */
export type WorkerSource = {
  name: string;
  /** Its schema, escaped: to be written before the name of a function. */
  schema: string;
};

/** The sources that there are at this moment. */
export async function readSources(pool: Pool): Promise<WorkerSource[]> {
  const { rows } = await pool.query<{ name: string; schema_name: string }>(
    "select name, schema_name from metrics.attachments order by name",
  );
  return rows.map(({ name, schema_name }) => ({ name, schema: escapeIdentifier(schema_name) }));
}

/** The source of this name; none where it was detached. */
export async function findSource(pool: Pool, name: string): Promise<WorkerSource | undefined> {
  return (await readSources(pool)).find((source) => source.name === name);
}

/**
 * Does something for every source. One that fails keeps none of the others from it, and its error is thrown
 * afterwards, unless it was detached meanwhile.
 */
export async function forEachSource(pool: Pool, work: (source: WorkerSource) => Promise<void>): Promise<void> {
  const failures: unknown[] = [];
  for (const source of await readSources(pool)) {
    try {
      await work(source);
    } catch (error) {
      const isThere = await findSource(pool, source.name).catch(() => source);
      if (isThere !== undefined) failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}
