import type { BrowserContextOptions } from "playwright-core";
import { afterAll, describe } from "vitest";
import { startBrowser, type Visit, visit } from "./browser.ts";

/** Opens an address in a browser of its own memory. */
export type Open = (address: string, options?: BrowserContextOptions) => Promise<Visit>;

/** Tests that need a browser. Where none starts they are skipped, with the reason in the title, for whoever reads the run. */
export async function inBrowser(title: string, define: (open: Open) => void): Promise<void> {
  const started = await startBrowser();
  if ("reason" in started) {
    return void describe.skip(`${title} (skipped, no browser starts: ${started.reason})`, () => define(missing));
  }
  const { browser } = started;
  afterAll(() => browser.close());
  describe(title, () => define((address, options) => visit(browser, address, options)));
}

const missing: Open = () => Promise.reject(new Error("There is no browser."));
