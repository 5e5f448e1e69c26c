import { useEffect, useState } from "preact/hooks";

/** A value that lives elsewhere, again whenever it changes. */
export function useSyncExternalStore<T>(subscribe: (changed: () => void) => () => void, read: () => T): T {
  const [value, set] = useState(read);
  // Both are functions of a module, the same at each call.
  useEffect(() => {
    const take = () => set(read);
    take();
    return subscribe(take);
  }, [subscribe]);
  return value;
}
