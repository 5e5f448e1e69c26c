import type { Step } from "../load/drive.ts";

/** Who keeps the metrics: nobody, the application in several statements, one hand-written statement, the engine. */
export const VARIANTS = ["plain", "seed", "floor", "engine"] as const;

/** One of {@link VARIANTS}. */
export type Variant = (typeof VARIANTS)[number];

/** A way in which an application writes its rows. */
export type Workload = {
  title: string;
  /** The part of the turns that begin a session. */
  newSessions: number;
  /** The name of the SQL file of each statement, in bench/plain and bench/floor. */
  files: string[];
  /** One turn of a writer. `write` sends a statement together with all that the variant does beside it. */
  turn: (write: Write, session: Session) => Promise<number>;
};

/** Runs a statement by the name of its file. */
export type Write = (file: string, session: Session, parameters: string[]) => Promise<string | undefined>;

/** A session that a row is written to. */
export type Session = { organization: string; id: string; widget: string; user: string };

/** What a load takes from a workload. */
export type Prepared = { statements: Record<string, string>; step: Step };
