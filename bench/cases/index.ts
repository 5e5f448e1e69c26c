import type { Case } from "../case.ts";
import { attached } from "./attached.ts";
import { backfill } from "./backfill.ts";
import { bigSession } from "./big-session.ts";
import { bulk, copy } from "./bulk.ts";
import { bulkChange } from "./bulk-change.ts";
import { hotSession } from "./hot-session.ts";
import { oneSession } from "./one-session.ts";
import { reports } from "./reports.ts";
import { single } from "./single.ts";
import { space } from "./space.ts";
import { tokens } from "./tokens.ts";
import { verify } from "./verify.ts";

/** All cases, in the order in which they run. */
export const CASES: Case[] = [
  single,
  attached,
  bulk,
  copy,
  oneSession,
  bulkChange,
  bigSession,
  hotSession,
  backfill,
  space,
  verify,
  reports,
  tokens,
];
