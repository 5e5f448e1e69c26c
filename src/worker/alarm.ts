/** A sleeper that can be woken. */
export type Alarm = {
  /** Ends the present sleep, or the next one at once: a call in between is not lost. */
  ring: () => void;
  /** Resolves after so many milliseconds, or when it rings. */
  sleep: (ms: number) => Promise<void>;
};

/** An alarm for one sleeper; it also rings, and goes on ringing, once `signal` aborts. */
export function createAlarm(signal?: AbortSignal): Alarm {
  let rung = false;
  let wake = () => {};
  const ring = () => {
    rung = true;
    wake();
  };
  signal?.addEventListener("abort", ring, { once: true });
  const sleep = (ms: number) =>
    new Promise<void>((resolve) => {
      const finish = () => {
        clearTimeout(timer);
        wake = () => {};
        rung = false;
        resolve();
      };
      const timer = setTimeout(finish, ms);
      wake = finish;
      if (rung || signal?.aborted) finish();
    });
  return { ring, sleep };
}
