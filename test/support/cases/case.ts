/** One rule of what a column means: what is written, and what the metrics rows must then say. */
export type Case = {
  title: string;
  /** Statements, one after the other. */
  write: string[];
  /** Every metrics row, ordered by organization (NULL last) and session; the columns that the rule is about. */
  metrics: Record<string, unknown>[];
};
