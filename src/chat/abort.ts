/** Ends with the promise, or with the signal's reason where that comes first: not everything listens to signals. */
export async function until<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  // Whoever does not wait for it any more shall not make it an unhandled rejection.
  promise.catch(() => {});
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** A clock that aborts its signal when it has run for `ms` without being stopped. */
export function createClock(ms: number) {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const stop = () => clearTimeout(timer);
  const start = () => {
    stop();
    timer = setTimeout(() => controller.abort(new DOMException("It took too long.", "TimeoutError")), ms);
  };
  return { signal: controller.signal, start, stop };
}
