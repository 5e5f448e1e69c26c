import type { RequestHandler, Response } from "express";
import { callerOf, NOBODY } from "./caller.ts";
import { ownReads } from "./own-reads.ts";
import { Problem } from "./problem.ts";
import { requestId } from "./request-log.ts";
import type { Context, Route } from "./route.ts";

type Serving = {
  context: Context;
  onWork: (work: Promise<void>) => void;
};

/** The handler of a route for Express: whether they who ask are still there, and what they are told not to keep. */
export function serveRoute(route: Route, { context, onWork }: Serving): RequestHandler {
  return (req, res) => {
    const reader = callerOf(req) ?? NOBODY;
    // What a reader got may be kept, and must be asked for again: an ETag then spares sending it.
    if (route.access === "reader") res.set({ "cache-control": "private, no-cache", vary: "Authorization, Cookie" });
    const closed = closedSignal(res);
    const gone = AbortSignal.any([closed, context.stopping]);
    const own = { ...context, reads: ownReads(context.reads, reader) };
    const work = route.run(own, { reader, req, res, id: requestId(req), gone }).catch((error: unknown) => {
      if (closed.aborted) return; // Nobody is there to be told.
      if (context.stopping.aborted)
        throw new Problem(503, "stopping", "The server is stopping.", {
          headers: { "retry-after": "1" },
          cause: error,
        });
      throw error;
    });
    onWork(work);
    return work;
  };
}

function closedSignal(res: Response): AbortSignal {
  const controller = new AbortController();
  res.once("close", () => {
    if (!res.writableFinished) controller.abort();
  });
  return controller.signal;
}
