import { z } from "zod";
import { escapeHtml } from "../escape-html.ts";

// What the page shows of the document: read from it, so that page and document cannot differ.
const reference = z.object({ $ref: z.string() });
const parameter = z.object({
  name: z.string(),
  in: z.string(),
  required: z.boolean().optional(),
  description: z.string().optional(),
  schema: z.unknown().optional(),
});
const body = z.object({ description: z.string().optional(), content: z.record(z.string(), z.unknown()).optional() });
const operation = z.object({
  summary: z.string().optional(),
  description: z.string().optional(),
  tags: z.array(z.string()).default([]),
  security: z.array(z.unknown()).default([]),
  parameters: z.array(z.union([parameter, reference])).default([]),
  requestBody: body.optional(),
  responses: z.record(z.string(), body),
});
const shown = z.object({
  info: z.object({ title: z.string(), version: z.string(), description: z.string().default("") }),
  paths: z.record(z.string(), z.record(z.string(), operation)),
  components: z.object({ schemas: z.record(z.string(), z.unknown()).default({}) }).default({ schemas: {} }),
});

/** The style of the page; served beside it, so that nothing inline has to be allowed. */
export const DOCS_STYLE = `:root{color-scheme:light dark;--line:#8886;--soft:#8882}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
code,pre{font:14px/1.45 ui-monospace,monospace}
pre{background:var(--soft);padding:.75rem;overflow-x:auto;border-radius:.4rem}
section{border-top:1px solid var(--line);margin-top:2rem}
h2 .method{text-transform:uppercase;font-size:.8em;border:1px solid var(--line);border-radius:.3rem;padding:0 .4rem}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;border-bottom:1px solid var(--line)}
summary{cursor:pointer}
`;

/** The OpenAPI document as a page to read, without any script. */
export function docsPage(document: unknown): string {
  const { info, paths, components } = shown.parse(document);
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, details]) => ({ path, method, ...details })),
  );
  const schemas = Object.entries(components.schemas).map(
    ([name, schema]) =>
      `<details id="${escapeHtml(name)}"><summary>${escapeHtml(name)}</summary>${json(schema)}</details>`,
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${escapeHtml(info.title)}</title><link rel="stylesheet" href="docs/style.css"></head><body>
<h1>${escapeHtml(info.title)} ${escapeHtml(info.version)}</h1>
<p>${prose(info.description)} The document: <a href="openapi.json">openapi.json</a>.</p>
<ul>${operations.map(contents).join("")}</ul>
${operations.map(section).join("\n")}
<section><h2>Schemas</h2>${schemas.join("\n")}</section>
</body></html>
`;
}

type Operation = z.output<typeof operation> & { path: string; method: string };

const anchor = ({ method, path }: Operation) => escapeHtml(`${method}-${path.replaceAll(/\W+/g, "-")}`);

function contents(shownOperation: Operation): string {
  const { method, path, summary = "" } = shownOperation;
  return `<li><a href="#${anchor(shownOperation)}"><code>${escapeHtml(`${method.toUpperCase()} ${path}`)}</code></a> ${prose(summary)}</li>`;
}

function section(shownOperation: Operation): string {
  const { method, path, summary = "", description = "", security, parameters, requestBody, responses } = shownOperation;
  const rows = parameters.map((entry) =>
    "$ref" in entry
      ? row([entry.$ref, "", ""])
      : row([
          `${entry.name}${entry.required ? " *" : ""}`,
          entry.in,
          `${entry.description ?? ""} ${JSON.stringify(entry.schema ?? {})}`,
        ]),
  );
  const answers = Object.entries(responses).map(([status, { description: text = "", content = {} }]) =>
    row([status, Object.keys(content).join(", "), text]),
  );
  return `<section id="${anchor(shownOperation)}">
<h2><span class="method">${escapeHtml(method)}</span> <code>${escapeHtml(path)}</code></h2>
<p><strong>${prose(summary)}.</strong> ${prose(description)}${security.length > 0 ? " Needs a key." : ""}</p>
${rows.length === 0 ? "" : `<table><tr><th>Parameter</th><th>in</th><th></th></tr>${rows.join("")}</table>`}
${requestBody === undefined ? "" : `<h3>Body</h3>${json(requestBody.content)}`}
<h3>Answers</h3><table>${answers.join("")}</table>
${Object.entries(responses)
  .filter(([status]) => status < "300")
  .map(([, { content }]) => `<details><summary>Body</summary>${json(content)}</details>`)
  .join("")}
</section>`;
}

const row = (cells: string[]) =>
  `<tr>${cells.map((cell, index) => `<td>${index === 0 ? `<code>${escapeHtml(cell)}</code>` : prose(cell)}</td>`).join("")}</tr>`;

const json = (value: unknown) => `<pre>${escapeHtml(JSON.stringify(value, null, 2))}</pre>`;

// `code` in a text.
const prose = (text: string) => escapeHtml(text).replaceAll(/`([^`]*)`/g, "<code>$1</code>");
