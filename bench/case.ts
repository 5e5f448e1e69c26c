import type { Databases } from "./databases.ts";
import type { Scale } from "./scale.ts";
import type { BenchServer } from "./server.ts";

/** What a case needs to run. */
export type Bench = {
  server: BenchServer;
  databases: Databases;
  scale: Scale;
  /** Says what is being done, and what came out of it. */
  progress: (text: string) => void;
};

/** One of the targets, and what was measured. */
export type Verdict = { work: string; target: string; measured: string; met: boolean };

/** What a case has to say. */
export type Section = {
  title: string;
  /** What exactly was done and compared. */
  about: string;
  columns: string[];
  rows: string[][];
  verdicts: Verdict[];
};

/** A part of the benchmark that can be run by its name. */
export type Case = { name: string; summary: string; run: (bench: Bench) => Promise<Section[]> };
