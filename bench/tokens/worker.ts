import { fork } from "node:child_process";
import { once } from "node:events";

/** What a worker process says. */
export type FromWorker =
  | { kind: "ready" }
  | { kind: "batch"; rows: number; tokens: number; rss: number }
  | { kind: "drained"; rows: number; tokens: number; ms: number };

/** A drain from the start of the worker to its last write-back, and its memory on the way. */
export type Drained = { rows: number; tokens: number; ms: number; memory: { rows: number; rss: number }[] };

const path = new URL("worker-process.ts", import.meta.url).pathname;

/** Counts all that waits in a process of its own. */
export async function drainInProcess(url: string): Promise<Drained> {
  const child = fork(path, [url, "drain"]);
  const memory: Drained["memory"] = [];
  let drained: Drained | undefined;
  child.on("message", (message: FromWorker) => {
    if (message.kind === "batch") memory.push({ rows: message.rows, rss: message.rss });
    if (message.kind === "drained") drained = { ...message, memory };
  });
  await once(child, "exit");
  if (drained === undefined) throw new Error("The worker ended before all was counted.");
  return drained;
}

/** Runs `work` beside a worker that is ready. */
export async function besideWorker<T>(url: string, work: () => Promise<T>): Promise<T> {
  const child = fork(path, [url]);
  const ended = once(child, "exit");
  try {
    await Promise.race([
      once(child, "message"),
      ended.then(() => Promise.reject(new Error("The worker did not start."))),
    ]);
    return await work();
  } finally {
    if (child.connected) child.disconnect();
    await ended;
  }
}
