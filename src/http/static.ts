import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { extname, join } from "node:path";
import type { NextFunction, Request, Response } from "express";
import { dashboardDir } from "../dashboard.ts";
import { Problem } from "./problem.ts";

type File = { bytes: Buffer; etag: string; encodings: Map<string, Buffer> };

const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".woff2": "font/woff2",
};

// Everything from here, nothing inline, nothing evaluated, and no text becomes markup.
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join("; ");

const PAGES = new Map([
  ["/", "/index.html"],
  ["/demo", "/demo.html"],
]);

/** Serves the pages and what belongs to them, as they were built; small enough to be held in memory. */
export function serveStatic(folder: string = dashboardDir) {
  let files: Map<string, File> | undefined;
  return (req: Request, res: Response, next: NextFunction): void => {
    files ??= readFiles(folder);
    const reads = req.method === "GET" || req.method === "HEAD";
    const page = PAGES.get(req.path);
    const name = page ?? req.path;
    const file = page !== undefined || !name.endsWith(".html") ? files.get(name) : undefined;
    if (reads && file !== undefined) send(file, name, req, res);
    else if (!reads || page === undefined) next();
    else throw new Problem(404, "not_built", "The dashboard is not built: npm run build:dashboard, then start again.");
  };
}

function send({ bytes, etag, encodings }: File, name: string, req: Request, res: Response): void {
  const encoding = req.acceptsEncodings([...encodings.keys(), "identity"]) || "identity";
  const isHashed = name.startsWith("/assets/");
  if (name.endsWith(".html")) res.set("content-security-policy", POLICY);
  res.set({
    "content-type": TYPES[extname(name)] ?? "application/octet-stream",
    "cache-control": isHashed ? "public, max-age=31536000, immutable" : "no-cache",
    vary: "Accept-Encoding",
    etag: `"${etag}-${encoding}"`,
    ...(encoding === "identity" ? {} : { "content-encoding": encoding }),
  });
  res.send(encodings.get(encoding) ?? bytes);
}

function readFiles(folder: string): Map<string, File> {
  const names = readNames(folder);
  const shown = names.filter((name) => extname(name) in TYPES);
  return new Map(shown.map((name) => [`/${name}`, readFile(folder, name, names)]));
}

function readNames(folder: string): string[] {
  try {
    const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => name.replaceAll("\\", "/"));
    return names.filter((name) => statSync(join(folder, name)).isFile());
  } catch {
    return []; // Not built: each page says so.
  }
}

function readFile(folder: string, name: string, names: string[]): File {
  const bytes = readFileSync(join(folder, name));
  const encodings = [
    ["br", ".br"],
    ["gzip", ".gz"],
  ] as const;
  const there = encodings.filter(([, suffix]) => names.includes(name + suffix));
  return {
    bytes,
    etag: createHash("sha256").update(bytes).digest("base64url").slice(0, 16),
    encodings: new Map(there.map(([encoding, suffix]) => [encoding, readFileSync(join(folder, name + suffix))])),
  };
}
