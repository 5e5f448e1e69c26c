import { STATUS_CODES } from "node:http";
import type { Request, Response } from "express";
import { z } from "zod";
import { problemPage, wantsPage } from "./problem-page.ts";

/** Problem details (RFC 9457), with a code for programs. */
export const problemSchema = z
  .object({
    type: z.literal("about:blank"),
    title: z.string().meta({ description: "The status in words." }),
    status: z.int(),
    code: z.string().meta({ description: "What is wrong, for a program.", example: "invalid_request" }),
    detail: z.string().meta({ description: "What is wrong, for a person." }),
    request_id: z.string().meta({ description: "Stands in the server's log too, and in the header X-Request-Id." }),
    errors: z
      .array(z.object({ pointer: z.string(), detail: z.string() }))
      .optional()
      .meta({ description: "Each value that is wrong, and where it stands." }),
    answer_stored: z
      .boolean()
      .optional()
      .meta({ description: "A streamed answer broke off: whether a part is stored." }),
  })
  .meta({ id: "Problem" });

type Details = Partial<Pick<z.output<typeof problemSchema>, "errors" | "answer_stored">>;

/** An error that a client is told of, in these words. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly status: number;
  readonly code: string;
  readonly details: Details;
  readonly headers: Record<string, string>;

  constructor(
    status: number,
    code: string,
    detail: string,
    more: { details?: Details; headers?: Record<string, string>; cause?: unknown } = {},
  ) {
    super(detail, { cause: more.cause });
    this.status = status;
    this.code = code;
    this.details = more.details ?? {};
    this.headers = more.headers ?? {};
  }
}

/** The body that a client gets. */
export function problemBody(problem: Problem, requestId: string): z.output<typeof problemSchema> {
  return {
    type: "about:blank",
    title: STATUS_CODES[problem.status] ?? "Error",
    status: problem.status,
    code: problem.code,
    detail: problem.message,
    request_id: requestId,
    ...problem.details,
  };
}

/** Sends it: to a browser as a page, to any other program as JSON. */
export function sendProblem(req: Request, res: Response, problem: Problem, requestId: string): void {
  const body = problemBody(problem, requestId);
  res
    .status(problem.status)
    .set({ ...problem.headers, "cache-control": "no-store" })
    .vary("Accept");
  if (wantsPage(req)) res.type("html").send(problemPage(body, req.path));
  else res.type("application/problem+json").send(JSON.stringify(body));
}
