import { useEffect, useState } from "preact/hooks";

const FONT = '12px "Inter Variable"';
const PATIENCE_MS = 500;

let isReady = false;

// Never waiting long for it.
const ready = Promise.race([
  document.fonts.load(FONT).catch(() => []),
  new Promise((resolve) => setTimeout(resolve, PATIENCE_MS)),
]).then(() => {
  isReady = true;
});

/** Whether the font is there. Charts measure their texts once: in the font that they will have. */
export function useFont(): boolean {
  const [is, set] = useState(isReady);
  useEffect(() => {
    if (!is) void ready.then(() => set(true));
  }, [is]);
  return is;
}
