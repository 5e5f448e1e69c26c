import { once } from "node:events";
import type { Response } from "express";
import { until } from "../chat/abort.ts";

// Proxies close what is silent for a minute.
const PING_EVERY_MS = 15_000;
// A reader that takes nothing for so long is gone, whatever its connection says.
const LONGEST_STALL_MS = 30_000;

/** A stream of server-sent events. */
export type EventStream = {
  /** Sends an event; waits while the reader is slow, and fails when it is gone. */
  send: (event: string, data: unknown) => Promise<void>;
  end: () => void;
};

/** Begins a stream of server-sent events as the response. `gone` is aborted when the reader goes away. */
export function startEvents(res: Response, gone: AbortSignal): EventStream {
  res.status(200).set({
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store",
    "x-accel-buffering": "no", // nginx would hold it back.
  });
  res.flushHeaders();
  const ping = setInterval(() => res.write(": still there\n\n"), PING_EVERY_MS);
  res.once("close", () => clearInterval(ping));
  return {
    send: async (event, data) => {
      if (res.writableEnded || res.destroyed) return;
      if (res.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)) return;
      await drained(res, gone);
    },
    end: () => {
      clearInterval(ping);
      res.end();
    },
  };
}

async function drained(res: Response, gone: AbortSignal): Promise<void> {
  const stalled = AbortSignal.timeout(LONGEST_STALL_MS);
  try {
    await until(once(res, "drain", { signal: stalled }), AbortSignal.any([gone, stalled]));
  } catch (error) {
    res.destroy();
    throw error;
  }
}
