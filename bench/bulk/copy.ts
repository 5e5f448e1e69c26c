import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Queryable } from "../../src/database.ts";

/** The rows of a query in COPY's text format. */
export async function copyOut(sql: Queryable, query: string): Promise<Buffer[]> {
  const chunks: Buffer[] = [];
  for await (const chunk of await sql.unsafe(`copy (${query}) to stdout`).readable()) chunks.push(chunk);
  return chunks;
}

/** Sends them back, whole. */
export async function copyIn(sql: Queryable, statement: string, chunks: readonly Buffer[]): Promise<void> {
  await pipeline(Readable.from(chunks), await sql.unsafe(statement).writable());
}
