import { cpus, release, totalmem, type } from "node:os";
import type { Sql } from "../src/database.ts";
import { settingsOf } from "./server.ts";

const GIB = 2 ** 30;

/** What the figures were measured on, as lines of name and value. */
export async function describeMachine(admin: Sql): Promise<[string, string][]> {
  const processors = cpus();
  const [{ version }] = await admin<[{ version: string }]>`select version()`;
  return [
    ["Processor", `${processors.length} × ${processors[0]?.model.trim() ?? "unknown"}`],
    ["Memory", `${(totalmem() / GIB).toFixed(0)} GiB`],
    ["Operating system", `${type()} ${release()}`],
    ["Node", process.version],
    ["PostgreSQL", version],
    ["Settings", await settingsOf(admin)],
  ];
}
