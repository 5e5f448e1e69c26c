import { useEffect, useState } from "preact/hooks";
import { ApiError, read } from "./api.ts";

const EVERY_MS = 2000;
// Where much changes all the time, the server is asked for all of it less often.
const AFTER_CHANGE_MS = 3000;
// Reports over much data take their time: the server is busy with us for a fifth of it at most.
const REST = 4;
const LONGEST_MS = 60_000;

/** What is read: `data` stays while it is read again, so that nothing jumps. */
export type Loaded<T> = {
  data: T | undefined;
  error: ApiError | undefined;
  /** `data` is that of the view before; its own is on its way. */
  stale: boolean;
  /** When it was last known to be right, by the page's clock. */
  at: number | undefined;
};

/**
 * Reads an address now and again every two seconds while the page is visible, and `others` beside it only
 * where its answer changed; all are shown together, so that the figures of a view are of one moment.
 */
export function useLive<T extends object>(
  watched: string,
  others: Record<string, string>,
  every = EVERY_MS,
): Loaded<T> {
  const key = JSON.stringify([watched, others]);
  const [state, set] = useState<Omit<Loaded<T>, "stale"> & { of: string }>({
    of: key,
    ...{ data: undefined, error: undefined, at: undefined },
  });
  // The key stands for the addresses.
  useEffect(() => {
    const ended = new AbortController();
    const show = (data: T) => set({ of: key, data, error: undefined, at: Date.now() });
    const fail = (error: ApiError) => set((before) => ({ ...before, error }));
    void follow({ watched, others, every, ended: ended.signal, show, fail });
    return () => ended.abort();
  }, [key, every]);
  return { ...state, stale: state.of !== key || state.data === undefined };
}

type Following<T> = {
  watched: string;
  others: Record<string, string>;
  every: number;
  ended: AbortSignal;
  show: (data: T) => void;
  fail: (error: ApiError) => void;
};

async function follow<T extends object>({ watched, others, every, ended, show, fail }: Following<T>): Promise<void> {
  let seen: object | undefined;
  let shown: T | undefined;
  for (let misses = 0; !ended.aborted; ) {
    const began = performance.now();
    let least = every;
    try {
      const body = await read<object>(watched, ended);
      if (body !== seen || shown === undefined) {
        if (shown !== undefined) least = Math.max(every, AFTER_CHANGE_MS);
        // After it, never before: what they then miss is a change that the next look at it finds.
        const found = Object.entries(others).map(async ([name, address]) => [name, await read(address, ended)]);
        shown = Object.fromEntries([["watched", body], ...(await Promise.all(found))]);
        seen = body;
      }
      if (ended.aborted || shown === undefined) return;
      show(shown);
      misses = 0;
    } catch (error) {
      if (ended.aborted) return;
      misses += 1;
      fail(error instanceof ApiError ? error : new ApiError(0, "The page cannot read the answer.", String(error)));
    }
    const pauseMs = Math.max(least, (performance.now() - began) * REST) * 2 ** Math.min(misses, 4);
    await pause(Math.min(LONGEST_MS, pauseMs), ended);
  }
}

/** Waits, and then until the page is seen: nobody reads a hidden one. */
function pause(ms: number, ended: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      if (document.hidden && !ended.aborted) return;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", done);
      ended.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    document.addEventListener("visibilitychange", done);
    ended.addEventListener("abort", done);
  });
}
