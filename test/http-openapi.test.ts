import { describe, expect } from "vitest";
import { z } from "zod";
import { openApiDocument } from "../src/http/openapi.ts";
import { routes } from "../src/http/routes.ts";
import { test } from "./support/http.ts";

const pointer = z.object({ $ref: z.string().regex(/^#\/components\/schemas\/\w+$/) });
const media = z.object({ schema: z.looseObject({}) });
const responses = z.record(
  z.string().regex(/^[2-5]\d\d$/),
  z.object({ description: z.string().min(1), content: z.record(z.string().regex(/^\w+\/[\w.+-]+$/), media) }),
);
const parameter = z.object({
  name: z.string(),
  in: z.enum(["path", "query"]),
  required: z.boolean().optional(),
  schema: z.looseObject({}),
});
const operation = z.object({
  operationId: z.string(),
  summary: z.string().min(1),
  security: z.array(z.record(z.string(), z.array(z.string()))),
  parameters: z.array(parameter).default([]),
  requestBody: z
    .object({ required: z.literal(true), content: z.object({ "application/json": z.object({ schema: pointer }) }) })
    .optional(),
  responses,
});
const documentSchema = z.object({
  openapi: z.literal("3.1.0"),
  info: z.object({ title: z.string(), version: z.string(), license: z.object({ name: z.string() }) }),
  paths: z.record(z.string().startsWith("/"), z.partialRecord(z.enum(["get", "post"]), operation)),
  components: z.object({
    schemas: z.record(z.string(), z.looseObject({})),
    securitySchemes: z.object({
      key: z.object({ type: z.literal("http"), scheme: z.literal("bearer") }),
      session: z.object({ type: z.literal("apiKey"), in: z.literal("cookie"), name: z.string() }),
    }),
  }),
});

const documented = () => documentSchema.parse(JSON.parse(JSON.stringify(openApiDocument(routes))));

const operations = () =>
  Object.entries(documented().paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, details]) => ({
      path,
      method,
      ...documentSchema.shape.paths.valueType.valueType.parse(details),
    })),
  );

describe("the OpenAPI document", () => {
  test("has the structure of OpenAPI 3.1, with parameters for each place in a path, and ids that differ", () => {
    const all = operations();

    for (const { path, parameters } of all) {
      const places = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      expect(parameters.filter((entry) => entry.in === "path").map(({ name }) => name)).toEqual(places);
      expect(parameters.filter((entry) => entry.in === "path" && entry.required !== true)).toEqual([]);
    }
    expect(new Set(all.map(({ operationId }) => operationId)).size).toBe(all.length);
  });

  test("leads nowhere that it does not have", () => {
    const { components } = documented();
    const named = JSON.stringify(openApiDocument(routes)).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g);

    expect([...named].map(([, name = ""]) => name).filter((name) => !(name in components.schemas))).toEqual([]);
  });

  test("has each route that is served, and no other", async ({ serve }) => {
    const api = await serve();
    const all = operations();

    expect(all.map(({ method, path }) => `${method} ${path}`).toSorted()).toEqual(
      routes.map(({ method, path }) => `${method} ${path}`).toSorted(),
    );
    for (const { method, path } of all) {
      const url = path.replaceAll(/\{\w+\}/g, "nothing-of-that-name");
      const { json } = method === "get" ? await api.get(url) : await api.post(url, {});
      expect(["no_route", "wrong_method"], `${method} ${path}`).not.toContain(json?.code);
    }
  });

  test("says of a route which statuses it answers with, and asks for a key where one is needed", () => {
    for (const { path, security, responses: answers } of operations()) {
      const isApi = path.startsWith("/api/");
      expect(security.length > 0, path).toBe(isApi || path === "/metrics");
      if (isApi) expect(Object.keys(answers), path).toEqual(expect.arrayContaining(["401", "403", "429"]));
      for (const status of ["400", "500", "503"])
        expect(Object.keys(answers[status]?.content ?? {})).toEqual(["application/problem+json"]);
    }
  });

  test("is served, with a page to read that has every route and loads nothing from elsewhere", async ({ serve }) => {
    const api = await serve();

    const { json } = await api.get("/openapi.json");
    const page = await api.get("/docs");
    const style = await api.get("/docs/style.css");

    expect(json).toEqual(JSON.parse(JSON.stringify(openApiDocument(routes))));
    for (const { path } of routes) expect(page.text).toContain(`<code>${path}</code>`);
    expect(page.text).not.toMatch(/<script|https?:\/\/|style="| on\w+="/);
    expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect([style.status, style.headers.get("content-type")]).toEqual([200, "text/css; charset=utf-8"]);
  });
});
