import type { Server, ServerResponse } from "node:http";

/**
 * From `draining` on, has each connection end with its answer, and says so in the answer: on one that was kept
 * the caller would send another request just when it is closed.
 */
export function endWithAnswers(server: Server, draining: AbortSignal): void {
  const underWay = new Set<ServerResponse>();
  // Before the application, which may have answered by the time that others hear of it.
  server.prependListener("request", (_req, res) => {
    underWay.add(res);
    res.once("close", () => underWay.delete(res));
    if (draining.aborted) endWith(res);
  });
  draining.addEventListener("abort", () => {
    for (const res of underWay) endWith(res);
  });
}

function endWith(res: ServerResponse): void {
  if (res.headersSent) res.once("finish", () => res.socket?.end());
  else res.shouldKeepAlive = false;
}
