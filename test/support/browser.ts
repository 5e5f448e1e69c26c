import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import AxeSource from "axe-core";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { packageRoot } from "../../src/paths.ts";
import { unpackBrowser } from "./browser-binary.ts";

const ARGS = ["--no-sandbox", "--no-zygote", "--disable-gpu", "--font-render-hinting=none"];
const SYSTEM = ["chromium", "chromium-browser", "google-chrome", "chrome"].map((name) => `/usr/bin/${name}`);

/** Where pictures of the views are left, for a person to look at. */
export const shotsDir = join(packageRoot, "test-results", "screenshots");

/** The browser of a file's tests, or why there is none: CHROMIUM_PATH, the one that npm brings, or the machine's. */
export async function startBrowser(): Promise<{ browser: Browser } | { reason: string }> {
  const named = process.env.CHROMIUM_PATH;
  const brought = named === undefined ? await unpackBrowser() : undefined;
  const ways = [named, brought, ...SYSTEM.filter(existsSync)].filter((path) => path !== undefined);
  const tried: string[] = [];
  for (const options of [...ways.map((executablePath) => ({ executablePath })), { channel: "chrome" }]) {
    try {
      return { browser: await chromium.launch({ ...options, args: ARGS }) };
    } catch (error) {
      tried.push(error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error));
    }
  }
  return { reason: tried.join("; ") };
}

/** A page, and what went wrong on it: a test that ends with anything there fails. */
export type Visit = { page: Page; problems: string[] };

/** Opens an address in a browser without any memory; on it nothing moves. */
export async function visit(browser: Browser, address: string, options: BrowserContextOptions = {}): Promise<Visit> {
  const context = await browser.newContext({
    ...{ viewport: { width: 1440, height: 900 }, locale: "en-US", timezoneId: "Europe/Berlin" },
    ...{ reducedMotion: "reduce", ...options },
  });
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  const problems: string[] = [];
  // A violation of the content-security policy is said there too.
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") problems.push(message.text());
  });
  page.on("pageerror", (error) => problems.push(error.message));
  await page.goto(address);
  return { page, problems };
}

/** Leaves a picture of a view. */
export async function shoot(page: Page, name: string, fullPage = true): Promise<void> {
  await mkdir(shotsDir, { recursive: true });
  await page.screenshot({ path: join(shotsDir, `${name}.png`), fullPage, animations: "disabled" });
}

/** What axe finds wrong with a page: rule, and where. */
export async function violations(page: Page): Promise<string[]> {
  // Through the debugger: the page's own policy lets no script of others in.
  await page.evaluate(AxeSource.source);
  const found: unknown = await page.evaluate(`axe.run(document, { resultTypes: ["violations"] })
    .then(({ violations }) => violations.map(({ id, nodes }) => id + ": " + nodes.map((n) => n.html + " " + n.any.map((a) => a.message)).join(" | ")))`);
  return Array.isArray(found) ? found.map(String) : ["axe did not answer"];
}
