// A worker in a process of its own, so that its memory and its time are its own. With "drain" it counts
// what waits and ends; else it works until it is told to stop. It says what it does to its parent.
import { silentLogger } from "../../src/log.ts";
import { createTokenCounter } from "../../src/tokens/counter.ts";
import { drain } from "../../src/worker/drain.ts";
import { startWorker } from "../../src/worker/worker.ts";
import type { FromWorker } from "./worker.ts";

const [databaseUrl = "", mode] = process.argv.slice(2);
const tell = (message: FromWorker) => process.send?.(message);

if (mode === "drain") {
  let rows = 0;
  let tokens = 0;
  const counter = createTokenCounter();
  await counter.count("o200k_base", "Loads the encoding."); // Which is not measured of tiktoken either.
  const begin = performance.now();
  let last = begin;
  await drain({
    databaseUrl,
    counter,
    log: silentLogger,
    onBatch: (done) => {
      last = performance.now();
      rows += done.rows;
      tokens += done.tokens;
      tell({ kind: "batch", rows, tokens, rss: process.memoryUsage.rss() });
    },
  });
  tell({ kind: "drained", rows, tokens, ms: last - begin });
  process.disconnect?.();
} else {
  const worker = await startWorker({ databaseUrl, log: silentLogger });
  process.once("disconnect", () => void worker.stop());
  tell({ kind: "ready" });
}
