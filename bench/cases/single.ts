import type { Bench, Case, Section } from "../case.ts";
import { expectExact } from "../databases.ts";
import { count, micros, ratio } from "../format.ts";
import { drive, type LoadResult } from "../load/drive.ts";
import { interleave, ratioOf } from "../rounds.ts";
import { median } from "../statistics.ts";
import { loaded } from "../templates.ts";
import { prepare } from "../workloads/prepare.ts";
import { sessionPicker } from "../workloads/sessions.ts";
import { VARIANTS, type Variant, type Workload } from "../workloads/workload.ts";
import { exchanges, messages, openings, streamed } from "../workloads/workloads.ts";

const CONNECTIONS = 8;
// Statements on the way in each: one, as of clients that wait for their answer; or as many as keep the processors busy.
const WAITING = 1;
const BUSY = 4;
const TARGET = 0.85;

/** Single-row writes from eight connections. */
export const single: Case = {
  name: "single",
  summary: "single-row writes, 8 connections: exchanges, messages with roles, streamed answers, new sessions",
  run: async (bench) => [
    await measureWorkload(bench, exchanges, WAITING, TARGET),
    await measureWorkload(bench, messages, WAITING, TARGET),
    await measureWorkload(bench, exchanges, BUSY, TARGET),
    await measureWorkload(bench, messages, BUSY, TARGET),
    await measureWorkload(bench, streamed, BUSY, undefined),
    await measureWorkload(bench, openings, BUSY, undefined),
  ],
};

async function measureWorkload(
  bench: Bench,
  workload: Workload,
  depth: number,
  target: number | undefined,
): Promise<Section> {
  const what = `${workload.title}${depth === 1 ? "" : `, ${depth} statements on the way in each`}`;
  const results: Record<Variant, LoadResult[]> = { plain: [], seed: [], floor: [], engine: [] };
  const samples = await interleave(bench.scale.rounds, VARIANTS, async (variant, round) => {
    const result = await measureVariant(bench, workload, variant, depth, round);
    results[variant].push(result);
    bench.progress(
      `${what}, round ${round + 1}, ${variant}: ${count(result.perSecond)}/s ` +
        `(CPU per write: server ${micros(result.serverCpuMs)}, client ${micros(result.clientCpuMs)})`,
    );
    return result.perSecond;
  });
  const toFloor = ratioOf(samples("engine"), samples("floor"));
  const rows = VARIANTS.map((variant) => [
    variant,
    count(median(samples(variant))),
    ratio(ratioOf(samples(variant), samples("plain"))),
    ratio(ratioOf(samples(variant), samples("floor"))),
    micros(median(results[variant].map((result) => result.serverCpuMs))),
    micros(median(results[variant].map((result) => result.clientCpuMs))),
  ]);
  return {
    title: `Single-row writes: ${what}`,
    about: about(bench, workload, depth),
    columns: ["variant", "writes/s", "of plain", "of the floor", "server CPU per write", "client CPU per write"],
    rows,
    verdicts:
      target === undefined
        ? []
        : [
            {
              work: `single-row writes, ${CONNECTIONS} connections: ${what}`,
              target: `at least ${target} of the floor`,
              measured: ratio(toFloor),
              met: toFloor.median >= target,
            },
          ],
  };
}

function measureVariant(
  bench: Bench,
  workload: Workload,
  variant: Variant,
  most: number,
  round: number,
): Promise<LoadResult> {
  const { scale, databases, server } = bench;
  // The seed's transactions cannot share a connection.
  const depth = variant === "seed" ? 1 : most;
  const pick = sessionPicker({
    sessions: scale.sessions,
    writers: CONNECTIONS * depth,
    newSessions: workload.newSessions,
  });
  const template = loaded(scale.sessions * scale.rowsPerSession, scale.sessions);
  const triggers = variant === "engine" ? "with the engine" : "without triggers";
  return databases.withClone(template, triggers, async ({ sql, url }) => {
    const result = await drive({
      ...prepare(workload, variant, pick),
      ...{ url, connections: CONNECTIONS, depth, isLocal: server.isLocal },
      ...{ warmUpMs: scale.warmUpMs, windowMs: scale.windowMs },
    });
    const isLast = round === scale.rounds - 1;
    if (isLast && (variant === "floor" || variant === "engine"))
      await expectExact(sql, `${workload.title}, ${variant}`);
    return result;
  });
}

function about({ scale }: Bench, { newSessions }: Workload, depth: number): string {
  return (
    `${count(scale.sessions)} sessions of ${scale.rowsPerSession} rows loaded; ${newSessions * 100} % of the turns ` +
    `begin a new session, the others go to any of these. ${CONNECTIONS} connections with ${depth === 1 ? "one statement" : `${depth} statements`} on the way each, every ` +
    "statement a transaction of its own; the seed's way is six statements in a transaction, one after the other."
  );
}
