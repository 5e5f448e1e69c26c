// The HTTP API in a process of its own, so that its memory is its own: says where it listens, then its memory ten times a
// second, until its parent lets go.
import { startHttp } from "../../src/http/server.ts";
import { loadHttpSettings } from "../../src/http/settings.ts";
import { silentLogger } from "../../src/log.ts";
import type { FromHttp } from "./http.ts";

const [databaseUrl = ""] = process.argv.slice(2);
const tell = (message: FromHttp) => process.send?.(message);
const settings = { ...loadHttpSettings({}, { localAccess: true }), port: 0 };
const server = await startHttp({ databaseUrl, log: silentLogger, settings });
const watching = setInterval(() => tell({ kind: "memory", rss: process.memoryUsage.rss() }), 100);
tell({ kind: "ready", url: server.url });
process.once("disconnect", () => {
  clearInterval(watching);
  void server.stop();
});
