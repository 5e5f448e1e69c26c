import type { WireConnection } from "../load/wire.ts";
import { readBenchSql } from "../read-sql.ts";
import type { Prepared, Session, Variant, Workload, Write } from "./workload.ts";

const SEED_FILES = ["select-metrics", "select-messages", "insert-metrics", "update-metrics"];

/** Statements and step of a workload as a variant does it. */
export function prepare(workload: Workload, variant: Variant, pick: (writer: number) => Session): Prepared {
  const folder = variant === "floor" ? "floor" : "plain";
  const write = variant === "seed" ? writeByApplication : writeAlone;
  return {
    statements: {
      ...readAll(folder, workload.files),
      ...(variant === "seed" ? { begin: "begin", commit: "commit", ...readAll("seed", SEED_FILES) } : {}),
    },
    step: (connection, writer) => workload.turn(write(connection), pick(writer)),
  };
}

function readAll(folder: string, files: string[]): Record<string, string> {
  return Object.fromEntries(files.map((file) => [file, readBenchSql(`${folder}/${file}.sql`)]));
}

function writeAlone(connection: WireConnection): Write {
  return (file, _session, parameters) => connection.run(file, parameters);
}

// Select, select, write: what an application does that keeps the metrics itself.
function writeByApplication(connection: WireConnection): Write {
  return async (file, session, parameters) => {
    const key = [session.id, session.organization];
    await connection.run("begin");
    const id = await connection.run(file, parameters);
    const known = await connection.run("select-metrics", key);
    const sums = (await connection.run("select-messages", key))?.split("|") ?? [];
    await connection.run(known === undefined ? "insert-metrics" : "update-metrics", [...key, ...sums]);
    await connection.run("commit");
    return id;
  };
}
