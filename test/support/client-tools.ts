import { execFile } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Sql } from "../../src/database.ts";

const run = promisify(execFile);

/** pg_dump and pg_restore of one version, or why there are none to use. */
export type ClientTools = { dump: string; restore: string } | { missing: string };

const debian = "/usr/lib/postgresql";

const folders = () => [
  ...(process.env.PATH ?? "").split(":"),
  ...(existsSync(debian) ? readdirSync(debian).map((version) => join(debian, version, "bin")) : []),
];

const majorOf = async (program: string) => Number(/ (\d+)/.exec((await run(program, ["--version"])).stdout)?.[1]);

/** Finds the oldest pg_dump that is not older than the server: an older one refuses to dump it. */
export const findClientTools = async (sql: Sql): Promise<ClientTools> => {
  const [row] = await sql<[{ major: number }]>`select current_setting('server_version_num')::int / 10000 as major`;
  const found = [];
  for (const folder of new Set(folders())) {
    const tools = { dump: join(folder, "pg_dump"), restore: join(folder, "pg_restore") };
    if (!existsSync(tools.dump) || !existsSync(tools.restore)) continue;
    found.push({ tools, major: await majorOf(tools.dump) });
  }
  const fit = found.filter(({ major }) => major >= row.major).toSorted((a, b) => a.major - b.major);
  return fit[0]?.tools ?? { missing: `no pg_dump of version ${row.major} or later is installed` };
};

/** What a program wrote to stderr; pg_restore's exit code says only that there was something. */
export const runTool = async (program: string, args: string[]): Promise<string> => {
  try {
    return (await run(program, args)).stderr;
  } catch (error) {
    if (error instanceof Error && "stderr" in error) return String(error.stderr);
    throw error;
  }
};
