import { setTimeout as sleep } from "node:timers/promises";

/** Waits for something, but not for ever: resolves after `ms` milliseconds where it has not ended by then. */
export async function atMost(ms: number, something: Promise<unknown>): Promise<void> {
  const given = new AbortController();
  try {
    await Promise.race([something, sleep(ms, undefined, { signal: given.signal }).catch(() => {})]);
  } finally {
    given.abort();
  }
}
