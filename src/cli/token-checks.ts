import type { Source } from "../sources.ts";
import type { Check } from "./checks.ts";
import { counted, integer } from "./format.ts";
import type { Session } from "./session.ts";
import { commandLine } from "./settings.ts";
import { age, describeChecks, describeWorker } from "./token-lines.ts";
import { type GivenUp, readGivenUp, readTokenState, type TokenState } from "./token-state.ts";

// After a backfill a worker needs minutes to catch up, and says so; longer than this it does not manage.
const LONGEST_LAG_S = 600;

// While a worker runs it checks every minute.
const LONGEST_CHECK_AGE_S = 300;
const SHOWN = 5;

/** The checks of `doctor` about exact token counts and who makes them. */
export async function tokenChecks({ sql, settings }: Session, sources: Source[]): Promise<Check[]> {
  const state = await readTokenState(sql, sources);
  const start = `${commandLine(settings, "worker")} (${commandLine(settings, "start")} runs one too)`;
  return [
    checkWorker(state, start),
    checkLag(state, start),
    checkGivenUp(state, await readGivenUp(sql, sources, SHOWN), commandLine(settings, "recount --given-up")),
    checkChecks(state),
  ];
}

function checkWorker({ worker }: TokenState, start: string): Check {
  const ok = worker.alive > 0;
  const finding = `${describeWorker(worker)}${ok ? "" : ": new messages keep estimated tokens"}`;
  return { check_name: "worker", ok, finding, cure: ok ? null : start };
}

function checkLag({ tokens, worker }: TokenState, start: string): Check {
  const { oldest_waiting } = tokens;
  if (oldest_waiting === null) {
    return { check_name: "tokens waiting", ok: true, finding: "nothing waits to be counted", cure: null };
  }
  const finding = `${counted(tokens.estimated, "message")} estimated, the oldest has waited ${age(oldest_waiting)}`;
  if (worker.alive === 0) return { check_name: "tokens waiting", ok: false, finding, cure: start };
  const ok = oldest_waiting < LONGEST_LAG_S;
  const cure = ok
    ? null
    : `${start}: another one helps, unless a transaction left open holds them up: select * from pg_stat_activity where state like 'idle in%'`;
  return { check_name: "tokens waiting", ok, finding, cure };
}

function checkGivenUp({ tokens }: TokenState, rows: GivenUp[], again: string): Check {
  const ok = tokens.given_up === 0;
  const listed = rows.map(({ id, error }) => `${id} (${error})`).join(", ");
  const more = tokens.given_up > rows.length ? " …" : "";
  const finding = ok
    ? "every message can be counted"
    : `${counted(tokens.given_up, "row")} could not be counted and stay estimates: ${listed}${more}`;
  return { check_name: "tokens given up", ok, finding, cure: ok ? null : `${again}, after an update` };
}

function checkChecks(state: TokenState): Check {
  const { last_check, worker } = state;
  const name = "worker's own check";
  const finding = describeChecks(state);
  if (last_check !== null && last_check.drifted > last_check.healed) {
    const left = `${finding}; ${integer(last_check.drifted - last_check.healed)} could not be healed`;
    return {
      check_name: name,
      ok: false,
      finding: left,
      cure: "npx conversation-metrics verify, then: npx conversation-metrics repair",
    };
  }
  const late = worker.alive > 0 && last_check !== null && last_check.age > LONGEST_CHECK_AGE_S;
  const cure = late ? "See what the worker logs, and restart it" : null;
  return { check_name: name, ok: !late, finding, cure };
}
