/** How much each case does. */
export type Scale = {
  rounds: number;
  /** Rounds of what takes many seconds each. */
  longRounds: number;
  /** Sessions, and exchanges in each, of the database that single rows are written to. */
  sessions: number;
  rowsPerSession: number;
  warmUpMs: number;
  windowMs: number;
  bulkRows: number;
  bulkSessions: number;
  oneSessionRows: number;
  /** Rows that one UPDATE or DELETE touches. */
  changedRows: number;
  bigSessionRows: number;
  /** Statements of a kind that are timed in a large and in a small session. */
  samples: number;
  backfillRows: number;
  backfillSessions: number;
  /** Those of the backfill in batches. */
  batchRows: number;
  batchSessions: number;
  tokenMessages: number;
  /** Sessions of one organization that reports are made of. */
  reportSessions: number;
};

/** The sizes that the targets are stated for. */
export const FULL: Scale = {
  rounds: 5,
  longRounds: 3,
  sessions: 100_000,
  rowsPerSession: 3,
  warmUpMs: 500,
  windowMs: 1_500,
  bulkRows: 500_000,
  bulkSessions: 100_000,
  oneSessionRows: 50_000,
  changedRows: 100_000,
  bigSessionRows: 100_000,
  samples: 300,
  backfillRows: 2_000_000,
  backfillSessions: 200_000,
  batchRows: 500_000,
  batchSessions: 50_000,
  tokenMessages: 200_000,
  reportSessions: 1_000_000,
};

/** Shows that everything runs; the figures mean little. */
export const QUICK: Scale = {
  rounds: 1,
  longRounds: 1,
  sessions: 2_000,
  rowsPerSession: 5,
  warmUpMs: 400,
  windowMs: 600,
  bulkRows: 20_000,
  bulkSessions: 4_000,
  oneSessionRows: 5_000,
  changedRows: 1_000,
  bigSessionRows: 10_000,
  samples: 30,
  backfillRows: 40_000,
  backfillSessions: 4_000,
  batchRows: 20_000,
  batchSessions: 2_000,
  tokenMessages: 5_000,
  reportSessions: 20_000,
};
