/** What was said, as it is kept for the pages of one visit. */
export type Said = { by: "me" | "them"; text: string };

type Memory = { session: string; said: Said[] };

const MOST_SAID = 100;

/** The session of this visit: the same on the next page of it, another in the next visit. */
export function createMemory(name: string) {
  const memory = recall(name) ?? { session: crypto.randomUUID(), said: [] };
  return {
    session: memory.session,
    said: memory.said,
    keep: (said: Said) => {
      memory.said = [...memory.said, said].slice(-MOST_SAID);
      try {
        sessionStorage.setItem(name, JSON.stringify(memory));
      } catch {} // A browser may forbid it: then the session is that of this page.
    },
  };
}

function recall(name: string): Memory | undefined {
  try {
    const kept = JSON.parse(sessionStorage.getItem(name) ?? "null");
    return typeof kept?.session === "string" && Array.isArray(kept.said) ? kept : undefined;
  } catch {
    return undefined;
  }
}
