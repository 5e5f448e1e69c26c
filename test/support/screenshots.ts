import { join } from "node:path";
import { prepareDashboard } from "../../src/dashboard.ts";
import { connect } from "../../src/database.ts";
import { writeDemo } from "../../src/demo/write.ts";
import { startHttp } from "../../src/http/server.ts";
import { loadHttpSettings } from "../../src/http/settings.ts";
import { silentLogger } from "../../src/log.ts";
import { migrate } from "../../src/migrate.ts";
import { packageRoot } from "../../src/paths.ts";
import { startWorker } from "../../src/worker/worker.ts";
import { startBrowser, visit } from "./browser.ts";
import { startTestServer } from "./server.ts";
import { databaseUrl, PREFIX } from "./urls.ts";

/** `npm run screenshots`: the pictures of the README, of what is there. */
const VIEWPORT = { width: 1280, height: 880 };

const started = await startBrowser();
if ("reason" in started) throw new Error(`No browser starts: ${started.reason}`);
await prepareDashboard(console.log);
const server = await startTestServer();
const name = `${PREFIX}screenshots_${process.pid}`;
const admin = connect(server.url, { max: 1 });
await admin`create database ${admin(name)} template template0`;
const url = databaseUrl(server.url, name);
try {
  await migrate({ databaseUrl: url });
  const sql = connect(url, { max: 1 });
  await writeDemo(sql, { sessions: 6000, seed: 1, until: new Date() });
  const worker = await startWorker({ databaseUrl: url, log: silentLogger });
  const settings = loadHttpSettings({ PORT: "0" }, { localAccess: true });
  const http = await startHttp({ databaseUrl: url, log: silentLogger, settings });
  while ((await sql`select from conversation_metrics where estimated_messages > 0 limit 1`).count > 0)
    await new Promise((resolve) => setTimeout(resolve, 200));
  for (const colorScheme of ["light", "dark"] as const) {
    const options = { viewport: VIEWPORT, colorScheme, timezoneId: "UTC" };
    const { page } = await visit(started.browser, `${http.url}/`, options);
    await page.getByRole("list", { name: "Key figures" }).waitFor();
    await page.getByText(/no difference/).waitFor({ timeout: 120_000 });
    await page.screenshot({ path: join(packageRoot, "docs", `dashboard-${colorScheme}.png`) });
  }
  await http.stop();
  await worker.stop();
  await sql.end();
} finally {
  await admin`drop database ${admin(name)} with (force)`;
  await admin.end();
  await server.stop(false);
  await started.browser.close();
}
