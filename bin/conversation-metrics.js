#!/usr/bin/env node
// Plain JavaScript that an old Node understands too: it hands over to the Node that the project
// brings, or says what is missing.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const OLDEST = [22, 18];

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const source = join(root, "src", "cli", "main.ts");
// The published package has no sources: Node strips no types below node_modules.
const main = existsSync(source) ? source : join(root, "dist", "src", "cli", "main.js");

if (isRecent(process.versions.node)) {
  await import(pathToFileURL(main).href);
} else {
  runWith(join(root, "node_modules", "node", "bin", process.platform === "win32" ? "node.exe" : "node"));
}

function isRecent(version) {
  const [major, minor] = version.split(".").map(Number);
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}

function runWith(node) {
  if (!existsSync(node)) {
    console.error(`conversation-metrics needs Node ${OLDEST.join(".")} or later; this is ${process.version}.`);
    console.error("In a checkout run npm ci, which brings one; elsewhere install it from https://nodejs.org/");
    process.exit(1);
  }
  const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: "inherit" });
  // The child ends in its own time; we only pass on what it may not have received itself.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => {
    process.exitCode = signal ? 1 : (code ?? 1);
  });
}
