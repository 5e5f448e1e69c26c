import { fork } from "node:child_process";
import { once } from "node:events";

/** What the process of the HTTP API says. */
export type FromHttp = { kind: "ready"; url: string } | { kind: "memory"; rss: number };

/** An export: its lines, its time, and the memory of the server at the first and at the last tenth of it, and at most. */
export type Exported = { lines: number; ms: number; early: number; late: number; most: number };

const path = new URL("http-process.ts", import.meta.url).pathname;
const LINE_END = 10;

/** Exports all conversations as CSV from a server in a process of its own. */
export async function exportInProcess(databaseUrl: string): Promise<Exported> {
  const child = fork(path, [databaseUrl]);
  const ended = once(child, "exit");
  const memory: number[] = [];
  const ready = Promise.withResolvers<string>();
  child.on("message", (message: FromHttp) => {
    if (message.kind === "ready") ready.resolve(message.url);
    else memory.push(message.rss);
  });
  try {
    const url = await Promise.race([
      ready.promise,
      ended.then(() => Promise.reject(new Error("The API did not start."))),
    ]);
    memory.length = 0;
    const begin = performance.now();
    const lines = await countLines(`${url}/api/reports/export?format=csv`);
    const ms = performance.now() - begin;
    const tenth = Math.max(1, Math.floor(memory.length / 10));
    const most = (values: number[]) => Math.max(0, ...values);
    return { lines, ms, early: most(memory.slice(0, tenth)), late: most(memory.slice(-tenth)), most: most(memory) };
  } finally {
    if (child.connected) child.disconnect();
    await ended;
  }
}

async function countLines(url: string): Promise<number> {
  const answer = await fetch(url);
  if (!answer.ok || answer.body === null) throw new Error(`The export answered ${answer.status}.`);
  let lines = 0;
  for await (const chunk of answer.body) for (const byte of chunk) if (byte === LINE_END) lines += 1;
  return lines;
}
