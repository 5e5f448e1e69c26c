import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import express from "express";
import { describe, expect } from "vitest";
import { serveStatic } from "../src/http/static.ts";
import { raw, test } from "./support/http.ts";

// The page with all that it needs to show its first view.
const FIRST_VIEW_BYTES = 200_000;
const WIDGET_BYTES = 15_000;

const assetsOf = (html: string) =>
  [...html.matchAll(/(?:src|href)="\.\/(assets\/[^"]+)"/g)].map(([, path]) => `/${path}`);

/** An answer as it went over the wire: fetch unpacks it. */
const sizeOf = async (url: string, path: string, encoding: string) => {
  const response = await fetch(url + path, { headers: { "accept-encoding": encoding } });
  return {
    bytes: Number(response.headers.get("content-length")),
    headers: response.headers,
    text: await response.text(),
  };
};

describe("the pages", () => {
  test("forbid everything inline, evaluated, or from elsewhere, and are asked for again", async ({ serve }) => {
    const api = await serve();

    for (const path of ["/", "/demo"]) {
      const { status, headers, text } = await api.get(path);
      const policy = headers.get("content-security-policy") ?? "";

      expect([status, headers.get("content-type"), headers.get("cache-control")]).toEqual([
        200,
        "text/html; charset=utf-8",
        "no-cache",
      ]);
      expect(policy).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self'/);
      expect(policy).not.toMatch(/unsafe|data:|https?:|\*/);
      expect(text).not.toMatch(/<script(?![^>]*src=)|<style| style=| on\w+=|https?:\/\//);
      expect(await raw(api.url + path, { "if-none-match": headers.get("etag") ?? "", "accept-encoding": "gzip" })).toBe(
        304,
      );
    }
  });

  test("have files that never change under their name, compressed as the browser takes it", async ({ serve }) => {
    const api = await serve();
    const { text } = await api.get("/");

    const plain = await sizeOf(api.url, assetsOf(text).find((path) => path.endsWith(".js")) ?? "", "identity");
    const brotli = await sizeOf(api.url, assetsOf(text).find((path) => path.endsWith(".js")) ?? "", "br, gzip");

    expect(plain.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
    expect([plain.headers.get("content-encoding"), brotli.headers.get("content-encoding")]).toEqual([null, "br"]);
    expect(brotli.text).toBe(plain.text);
    expect(brotli.bytes).toBeLessThan(plain.bytes / 2);
    expect(brotli.headers.get("vary")).toContain("Accept-Encoding");
    expect(brotli.headers.get("etag")).not.toBe(plain.headers.get("etag"));
  });

  test("need less than 200 kB for the first view, and the widget less than 15 kB", async ({ serve }) => {
    const api = await serve();
    const page = await sizeOf(api.url, "/", "gzip");
    const parts = await Promise.all(assetsOf(page.text).map((path) => sizeOf(api.url, path, "gzip")));
    const widget = await sizeOf(api.url, "/widget.js", "gzip");

    expect(assetsOf(page.text).length).toBeGreaterThan(2);
    expect(page.bytes + parts.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(FIRST_VIEW_BYTES);
    expect(widget.bytes).toBeLessThan(WIDGET_BYTES);
  });

  test("are nothing but what was built: no path leads out, and no page is there under another name", async ({
    serve,
  }) => {
    const api = await serve();

    for (const path of ["/../package.json", "/%2e%2e/package.json", "/assets/..%2f..%2fpackage.json", "/index.html"]) {
      expect(await raw(api.url + path, {}), path).toBe(404);
    }
    expect((await api.post("/", {})).status).toBe(404);
  });

  test("that are not there lead a browser back, by a page that shows nothing of the address", async ({ serve }) => {
    const api = await serve();

    const page = await api.get("/no/<script>", { accept: "text/html,application/xhtml+xml,*/*;q=0.8" });
    const [, style = ""] = /<link rel="stylesheet" href="([^"]+)">/.exec(page.text) ?? [];

    expect([page.status, page.headers.get("content-type")]).toEqual([404, "text/html; charset=utf-8"]);
    expect(page.text).toContain("There is nothing here.");
    expect(page.text).not.toContain("<script");
    expect((await fetch(new URL(style, `${api.url}/no/page`))).status).toBe(200);
    expect((await api.get("/no/page")).json).toMatchObject({ code: "no_route" });
  });

  test("that were not built say how to build them", async ({ onTestFinished }) => {
    const app = express();
    app.use(serveStatic(mkdtempSync(join(tmpdir(), "not-built-"))));
    app.use(((error, _req, res, _next) =>
      res.status(error.status).json(error.message)) satisfies express.ErrorRequestHandler);
    const server = app.listen(0);
    onTestFinished(() => void server.close());
    const address = server.address();

    const response = await fetch(`http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/`);

    expect([response.status, await response.json()]).toEqual([404, expect.stringContaining("npm run build:dashboard")]);
  });
});
