import { counted, decimal, duration, integer, NONE } from "./format.ts";
import type { Check, TokenState } from "./token-state.ts";

/** The lines of `status` about token counts. */
export function tokenLines(state: TokenState): [string, string][] {
  return [
    ["counts", describeCounts(state.tokens)],
    ["worker", describeWorker(state.worker)],
    ["check", describeChecks(state)],
  ];
}

/** "98.7 % exact, 1.1 % reported, 0.2 % estimated, oldest waiting 3 s" */
export function describeCounts({ exact, reported, estimated, given_up, oldest_waiting }: TokenState["tokens"]): string {
  const all = exact + reported + estimated;
  if (all === 0) return NONE;
  return [
    `${percent(exact, all)} exact`,
    `${percent(reported, all)} reported`,
    `${percent(estimated, all)} estimated`,
    ...(oldest_waiting === null ? [] : [`oldest waiting ${age(oldest_waiting)}`]),
    ...(given_up === 0 ? [] : [`${integer(given_up)} given up (doctor shows why)`]),
  ].join(", ");
}

// What is not nothing, or not all, never looks so.
function percent(part: number, all: number): string {
  const share = (100 * part) / all;
  if (part > 0 && share < 0.05) return "<0.1 %";
  if (part < all && share >= 99.95) return ">99.9 %";
  return `${decimal(share, 1)} %`;
}

/** "alive: 2 processes, last seen 1 s ago", or how it came that there is none. */
export function describeWorker({ alive, last_seen, stopped }: TokenState["worker"]): string {
  if (last_seen === null) return "none has ever run";
  const seen = `last seen ${age(last_seen)} ago`;
  if (alive > 0) return `alive: ${alive === 1 ? "1 process" : `${integer(alive)} processes`}, ${seen}`;
  return stopped ? `none runs: stopped, ${seen}` : `DEAD: ${seen}, and it did not say goodbye`;
}

/** When the worker last compared sessions with their rows, and what it healed. */
export function describeChecks({ last_check, last_finding }: TokenState): string {
  if (last_check === null) return "none yet";
  const last = `${age(last_check.age)} ago: ${counted(last_check.sessions, "session")}, ${outcome(last_check)}`;
  if (last_finding === null || last_check.drifted > 0) return last;
  return `${last}; ${age(last_finding.age)} ago: ${outcome(last_finding)}`;
}

function outcome({ drifted, healed }: Check): string {
  return drifted === 0 ? "all right" : `${counted(drifted, "session")} wrong, ${integer(healed)} healed`;
}

/** A span of time in whole seconds, or in its two largest units. */
export function age(seconds: number): string {
  return seconds < 59.5 ? `${Math.max(0, Math.round(seconds))} s` : duration(seconds);
}
