import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { z } from "zod";
import { openApiDocument } from "../../src/http/openapi.ts";
import { routes } from "../../src/http/routes.ts";
import type { Reply } from "./http.ts";

/** A JSON Schema as far as values are made from it. */
export type Schema = {
  type?: string | string[] | undefined;
  enum?: unknown[] | undefined;
  anyOf?: Schema[] | undefined;
  properties?: Record<string, Schema> | undefined;
  required?: string[] | undefined;
  additionalProperties?: boolean | Schema | undefined;
  items?: Schema | undefined;
  format?: string | undefined;
  pattern?: string | undefined;
  example?: unknown;
  minimum?: number | undefined;
  maximum?: number | undefined;
  maxLength?: number | undefined;
};

const schema: z.ZodType<Schema> = z.looseObject({});
const content = z.record(z.string(), z.object({ schema }));
const operation = z.object({
  parameters: z
    .array(z.object({ name: z.string(), in: z.enum(["path", "query"]), required: z.boolean().optional(), schema }))
    .default([]),
  requestBody: z
    .object({ content: z.object({ "application/json": z.object({ schema: z.object({ $ref: z.string() }) }) }) })
    .optional(),
  responses: z.record(z.string(), z.object({ content: content.default({}) })),
});
const documentShape = z.object({
  paths: z.record(z.string(), z.record(z.string(), operation)),
  components: z.object({ schemas: z.record(z.string(), schema) }),
});

const document = JSON.parse(JSON.stringify(openApiDocument(routes)));
const { paths, components } = documentShape.parse(document);

/** An operation of the document, and what may be sent to it. */
export type Operation = Omit<z.output<typeof operation>, "requestBody"> & {
  path: string;
  method: string;
  body: Schema | undefined;
};

/** All operations of the document. */
export const operations: Operation[] = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, { requestBody, ...rest }]) => {
    const name = requestBody?.content["application/json"].schema.$ref.split("/").at(-1) ?? "";
    return { path, method, body: requestBody === undefined ? undefined : components.schemas[name], ...rest };
  }),
);

// Of the document as it is served; OpenAPI's own words beside JSON Schema's say nothing about values.
const ajv = new Ajv2020({ strict: false, allErrors: true });
formats.default(ajv);
ajv.addSchema(document, "document");

const pointer = (...parts: string[]) =>
  parts.map((part) => `/${encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"))}`).join("");

/** What of an answer is not as the document says; nothing where all is. */
export function deviations({ path, method, responses }: Operation, { status, headers, text }: Reply): string[] {
  const [type = ""] = (headers.get("content-type") ?? "").split(";");
  const documented = responses[status]?.content;
  if (documented === undefined) return [`the status ${status} is not documented`];
  if (!(type in documented)) return [`the type ${type} is not documented for ${status}`];
  if (!/json/.test(type)) return [];
  const at = `document#${pointer("paths", path, method, "responses", String(status), "content", type, "schema")}`;
  const validate = ajv.getSchema(at) ?? ajv.compile({ $ref: at });
  const values = type === "application/x-ndjson" ? text.split("\n").filter((line) => line !== "") : [text];
  return values.flatMap((value) =>
    validate(JSON.parse(value)) ? [] : [`${value.slice(0, 300)}: ${ajv.errorsText(validate.errors)}`],
  );
}
