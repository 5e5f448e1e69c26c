import { OpenAPIRegistry, OpenApiGeneratorV31, type ResponseConfig } from "@asteasolutions/zod-to-openapi";
import { packageVersion } from "../version.ts";
import { SESSION_COOKIE } from "./access.ts";
import { problemSchema } from "./problem.ts";
import type { ResponseBody, Route } from "./route.ts";

const PROBLEMS: Record<number, string> = {
  400: "The request cannot be read, or holds a value that cannot be used.",
  401: "A key is needed, or the one that was sent does not hold.",
  403: "The key is of another organization or widget, of another scope, or the page of another origin.",
  404: "There is no such thing.",
  409: "The request does not say enough to choose.",
  413: "The request is too large.",
  415: "The body is not JSON.",
  429: "Too many requests.",
  500: "Something went wrong here.",
  501: "The database has no table for this.",
  502: "The service that answers failed.",
  503: "The database is not available, or the server is stopping.",
  504: "The service that answers took too long.",
};

const EVERYWHERE = [400, 500, 503];
const BY_ACCESS = {
  public: [],
  reader: [401, 403, 429],
  admin: [401, 403, 429],
  widget: [401, 403, 413, 415, 429],
};

const BY_KEY = [{ key: [] }];
const BY_KEY_OR_SESSION = [{ key: [] }, { session: [] }];
const SECURITY = { public: [], reader: BY_KEY_OR_SESSION, admin: BY_KEY_OR_SESSION, widget: BY_KEY };

/** The OpenAPI 3.1 document of the routes, from the schemas that check their requests. */
export function openApiDocument(routes: readonly Route[]) {
  const registry = new OpenAPIRegistry();
  registry.registerComponent("securitySchemes", "key", { type: "http", scheme: "bearer" });
  registry.registerComponent("securitySchemes", "session", { type: "apiKey", in: "cookie", name: SESSION_COOKIE });
  for (const route of routes) registry.registerPath(pathOf(route));
  return new OpenApiGeneratorV31(registry.definitions, { sortComponents: "alphabetically" }).generateDocument({
    openapi: "3.1.0",
    info: {
      title: "conversation-metrics",
      version: packageVersion(),
      description: "Conversations, their metrics, and reports of them.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/" }],
    tags: [...new Set(routes.map(({ tag }) => tag))].map((name) => ({ name })),
  });
}

function pathOf(route: Route) {
  const { method, path, tag, summary, description, access } = route;
  const has = (schema: Route["query"]) => Object.keys(schema.shape).length > 0;
  return {
    method,
    path,
    tags: [tag],
    operationId: operationId(route),
    summary,
    ...(description === undefined ? {} : { description }),
    security: SECURITY[access],
    request: {
      ...(has(route.params) ? { params: route.params } : {}),
      ...(has(route.query) ? { query: route.query } : {}),
      ...(has(route.body) ? { body: { required: true, content: { "application/json": { schema: route.body } } } } : {}),
    },
    responses: responsesOf(route),
  };
}

function operationId({ method, path }: Route): string {
  const words = path.replace(/^\/(api\/)?/, "").match(/\w+/g) ?? [];
  return [method, ...words.map((word) => word.charAt(0).toUpperCase() + word.slice(1))].join("");
}

function responsesOf({ responses, access, problems = [] }: Route) {
  const fine = Object.entries(responses).map(([status, bodies]): [string, ResponseConfig] => [
    status,
    { description: bodies.map(({ description }) => description).join(" Or: "), content: contentOf(bodies) },
  ]);
  const statuses = [...new Set([...EVERYWHERE, ...BY_ACCESS[access], ...problems])];
  const wrong = statuses.map((status): [string, ResponseConfig] => [
    String(status),
    {
      description: PROBLEMS[status] ?? "A problem.",
      content: { "application/problem+json": { schema: problemSchema } },
    },
  ]);
  return Object.fromEntries([...fine, ...wrong]);
}

function contentOf(bodies: ResponseBody[]) {
  return Object.fromEntries(
    bodies.map(({ type, schema, example }) => [
      type,
      { schema: schema ?? { type: "string" as const }, ...(example === undefined ? {} : { example }) },
    ]),
  );
}
