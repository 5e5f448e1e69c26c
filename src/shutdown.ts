import { constants } from "node:os";

type Cleanup = () => Promise<void>;
type Signal = "SIGINT" | "SIGTERM" | "SIGHUP";

// The process's own state: there is one set of signal handlers, whoever asks for them.
const cleanups: Cleanup[] = [];
let installed = false;
let ending = false;

/**
 * Has `cleanup` run once when the process is told to end (Ctrl-C, SIGTERM, a closed terminal): the
 * last registered first, each awaited, then the process exits. More signals meanwhile change nothing.
 * The exit code is process.exitCode where it is set, else that of the signal. Returns how to withdraw.
 */
export function onShutdown(cleanup: Cleanup): () => void {
  install();
  cleanups.push(cleanup);
  return () => {
    const index = cleanups.indexOf(cleanup);
    if (index >= 0) cleanups.splice(index, 1);
  };
}

function install(): void {
  if (installed) return;
  installed = true;
  const signals: Signal[] = ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const signal of signals) {
    process.on(signal, () => {
      if (!ending) void shutDown(signal);
    });
  }
}

async function shutDown(signal: Signal): Promise<void> {
  ending = true;
  for (const cleanup of cleanups.toReversed()) {
    try {
      await cleanup();
    } catch (error) {
      // The others must still run.
      console.error(error);
    }
  }
  process.exit(process.exitCode ?? 128 + constants.signals[signal]);
}
