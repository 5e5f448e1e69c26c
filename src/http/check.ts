import type { z } from "zod";
import { Problem } from "./problem.ts";

const MOST_ERRORS = 20;

/**
 * A part of a request through its schema. Throws the problem to answer with, that points at each wrong value
 * (a body by JSON Pointer, a query by ?name) and never repeats it.
 */
export function check<T extends z.ZodType>(schema: T, value: unknown, root: "#" | "?" | ""): z.output<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.slice(0, MOST_ERRORS).map(({ path, message }) => ({
    pointer: pointer(root, path),
    detail: message.slice(0, 300),
  }));
  throw new Problem(400, "invalid_request", "The request holds a value that cannot be used.", { details: { errors } });
}

function pointer(root: string, path: PropertyKey[]): string {
  if (root !== "#") return `${root}${path.join(".")}`;
  return `#${path.map((key) => `/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("")}`;
}
