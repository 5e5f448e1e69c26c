import { get_encoding } from "tiktoken";
import type { Bench, Case, Section } from "../case.ts";
import { expectExact } from "../databases.ts";
import { count, ratio } from "../format.ts";
import { drive } from "../load/drive.ts";
import { interleave, ratioOf } from "../rounds.ts";
import { median } from "../statistics.ts";
import { corpusName, estimated, readAnswers, readTexts, reported, type Shape } from "../tokens/corpus.ts";
import { measureFreshness } from "../tokens/freshness.ts";
import { besideWorker, type Drained, drainInProcess } from "../tokens/worker.ts";
import { prepare } from "../workloads/prepare.ts";
import { sessionPicker } from "../workloads/sessions.ts";
import { exchanges, reportedExchanges } from "../workloads/workloads.ts";

const RATE_TARGET = 0.8;
const WRITER_TARGET = 0.9;
const MOST_GROWTH = 1.2;
const CONNECTIONS = 8;

/** Exact token counts by the worker. */
export const tokens: Case = {
  name: "tokens",
  summary: "exact token counts: rate against tiktoken alone, memory, freshness, what a writer notices",
  run: async (bench) => [
    await measureRate(bench, {
      name: "turns",
      texts: readTexts(),
      shape: "messages",
      title: "short ones, of about 12 tokens, each in a row of its own",
      about: `Texts: ${corpusName}. A message takes tiktoken some 10 to 20 µs, so the database's part of each weighs most.`,
      messages: bench.scale.tokenMessages,
    }),
    await measureRate(bench, {
      name: "exchanges",
      texts: readTexts(),
      shape: "exchanges",
      title: "short ones, of about 12 tokens, a user's and its answer in one row",
      about: `Texts: ${corpusName}. The database's part is one for both.`,
      messages: bench.scale.tokenMessages,
    }),
    await measureRate(bench, {
      name: "answers",
      texts: readAnswers(),
      shape: "messages",
      title: "of the length of an AI's answers, about 300 tokens",
      about: `Texts: ${corpusName}, each 25 in succession joined to one.`,
      messages: bench.scale.tokenMessages / 10,
    }),
    await measureWriter(bench),
    await measureFreshness(bench),
  ],
};

/** Messages to be counted. */
type Messages = { name: string; texts: string[]; shape: Shape; title: string; about: string; messages: number };

async function measureRate(bench: Bench, kind: Messages): Promise<Section> {
  const { name, texts, shape, title, about, messages } = kind;
  const { longRounds } = bench.scale;
  const all = Array.from({ length: messages }, (_, n) => texts[n % texts.length] ?? "");
  let last: Drained | undefined;
  const samples = await interleave(longRounds, ["tiktoken", "worker"] as const, async (variant) => {
    const rate = variant === "tiktoken" ? countAlone(all) : await countByWorker();
    bench.progress(`counting ${count(messages)} messages (${name}), ${variant}: ${count(rate)} tokens/s`);
    return rate;
  });
  async function countByWorker(): Promise<number> {
    return bench.databases.withClone(
      estimated(name, texts, messages, shape),
      "with the engine",
      async ({ sql, url }) => {
        last = await drainInProcess(url);
        await expectExact(sql, "the worker");
        return last.tokens / (last.ms / 1000);
      },
    );
  }
  const toAlone = ratioOf(samples("worker"), samples("tiktoken"));
  const memory = memoryOf(last);
  return {
    title: `Counting ${count(messages)} messages exactly: ${title}`,
    about:
      `${about} tiktoken: encode_ordinary over all texts in memory by one thread, o200k_base. ` +
      "The worker: one process, whose JavaScript has one core, from its start (it connects) to its last write-back: " +
      "claim, read, count, write ledger and metrics, in jobs of graphile-worker. PostgreSQL's processes have the rest of the machine. Loading the encoding is counted for neither.",
    columns: ["variant", "tokens/s", "of tiktoken alone", "memory after a fifth", "memory at the end"],
    rows: [
      ["tiktoken", count(median(samples("tiktoken"))), "1.00", "", ""],
      ["worker", count(median(samples("worker"))), ratio(toAlone), mebibytes(memory.early), mebibytes(memory.late)],
    ],
    verdicts: [
      {
        work: `tokens per second end to end, one worker: messages ${title}`,
        target: `at least ${RATE_TARGET} of tiktoken alone`,
        measured: ratio(toAlone),
        met: toAlone.median >= RATE_TARGET,
      },
      {
        work: `memory of the worker over ${count(messages)} messages (${name})`,
        target: "flat",
        measured: `${mebibytes(memory.early)} after a fifth, ${mebibytes(memory.late)} at the end`,
        met: memory.late <= memory.early * MOST_GROWTH,
      },
    ],
  };
}

function countAlone(texts: readonly string[]): number {
  const encoder = get_encoding("o200k_base");
  const begin = performance.now();
  let total = 0;
  for (const text of texts) total += encoder.encode_ordinary(text).length;
  const rate = total / ((performance.now() - begin) / 1000);
  encoder.free();
  return rate;
}

// The largest of each stretch: what lies between two collections of garbage is no growth.
function memoryOf(drained: Drained | undefined): { early: number; late: number } {
  const { memory = [], rows = 0 } = drained ?? {};
  const largest = (from: number, to: number) =>
    Math.max(...memory.filter((at) => at.rows >= rows * from && at.rows <= rows * to).map((at) => at.rss));
  return { early: largest(0, 0.2), late: largest(0.8, 1) };
}

function mebibytes(bytes: number): string {
  return `${count(bytes / 1024 / 1024)} MiB`;
}

async function measureWriter(bench: Bench): Promise<Section> {
  const { scale, databases, server } = bench;
  const variants = ["alone", "worker, nothing to count", "worker, all to count"] as const;
  const samples = await interleave(scale.rounds, variants, (variant) =>
    databases.withClone(reported(scale.sessions, scale.sessions), "with the engine", async ({ url, sql }) => {
      const workload = variant === "worker, all to count" ? exchanges : reportedExchanges;
      const pick = sessionPicker({ sessions: scale.sessions, writers: CONNECTIONS, newSessions: 0.1 });
      const load = () =>
        drive({
          ...prepare(workload, "engine", pick),
          ...{ url, connections: CONNECTIONS, depth: 1, isLocal: server.isLocal },
          ...{ warmUpMs: scale.warmUpMs, windowMs: scale.windowMs },
        });
      const { perSecond } = await (variant === "alone" ? load() : besideWorker(url, load));
      await expectExact(sql, `writing beside a worker, ${variant}`);
      bench.progress(`writing, ${variant}: ${count(perSecond)}/s`);
      return perSecond;
    }),
  );
  const idle = ratioOf(samples("worker, nothing to count"), samples("alone"));
  return {
    title: "Single-row writes beside a worker",
    about:
      `${CONNECTIONS} connections insert exchanges as fast as they can, on a machine that they fill. With reported usage, ` +
      "nothing has to be counted; in the last line all of it has, and writers and worker share the processors.",
    columns: ["variant", "writes/s", "of without a worker"],
    rows: variants.map((variant) => [
      variant,
      count(median(samples(variant))),
      ratio(ratioOf(samples(variant), samples("alone"))),
    ]),
    verdicts: [
      {
        work: "single-row writes with a worker running, everything already counted",
        target: `at least ${WRITER_TARGET} of without one`,
        measured: ratio(idle),
        met: idle.median >= WRITER_TARGET,
      },
    ],
  };
}
