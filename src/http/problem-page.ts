import type { Request } from "express";
import { escapeHtml } from "../escape-html.ts";
import type { problemBody } from "./problem.ts";

/** Whether a person looks, in a browser: programs that take anything get what is for programs. */
export function wantsPage(req: Request): boolean {
  return req.accepts(["application/problem+json", "application/json", "text/html"]) === "text/html";
}

/** A problem for a person: what is wrong, what helps, and the way back. Nothing inline, so that the policy holds. */
export function problemPage(problem: ReturnType<typeof problemBody>, path: string): string {
  const { title, detail, errors = [], request_id } = problem;
  // Relative, as on every page: a proxy may serve all of it under a path of its own.
  const home = "../".repeat(Math.max(0, path.split("/").length - 2)) || "./";
  const wrong = errors.map((error) => `<li>${escapeHtml(`${error.pointer}: ${error.detail}`)}</li>`).join("");
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${escapeHtml(title)}</title><link rel="stylesheet" href="${home}docs/style.css"></head><body>
<h1>${escapeHtml(title)}</h1>
<p>${escapeHtml(detail)}</p>${wrong === "" ? "" : `<ul>${wrong}</ul>`}
<p><a href="${home}">Dashboard</a> · <a href="${home}docs">API</a></p>
<p><small>Request ${escapeHtml(request_id)}</small></p>
</body></html>
`;
}
