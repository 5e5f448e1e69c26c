import { expect } from "vitest";
import { shoot } from "./support/browser.ts";
import { calm, writeSome as write, writeDaily } from "./support/dashboard.ts";
import { test } from "./support/http.ts";
import { inBrowser } from "./support/in-browser.ts";
import { expectNoDrift } from "./support/oracle.ts";

await inBrowser("the dashboard", (open) => {
  test("shows the figures of the reports, and a message written by SQL within seconds", async ({ db, serve }) => {
    await write(db);
    const api = await serve(calm);
    const { page, problems } = await open(`${api.url}/?range=all&tz=UTC`);
    const figures = page.getByRole("list", { name: "Key figures" });

    await figures.getByText("250", { exact: true }).waitFor();
    await shoot(page, "overview");
    const began = Date.now();
    await db`insert into conversations (organization_id, session_id, message, response) values (1, 'new', 'Hi', 'Hello')`;
    await figures.getByText("251", { exact: true }).waitFor();

    expect(Date.now() - began).toBeLessThan(5000);
    await page.getByRole("link", { name: "new", exact: true }).waitFor();
    expect(problems).toEqual([]);
    await expectNoDrift(db);
  });

  test("opens the conversations behind a bar, one of them, and goes back", async ({ db, serve }) => {
    await writeDaily(db);
    const api = await serve(calm);
    const { page, problems } = await open(`${api.url}/?range=all&tz=UTC`);

    await page.getByRole("img", { name: /^Conversations: 180/ }).click({ position: { x: 300, y: 150 } });
    await page.getByText("2 match", { exact: true }).waitFor();
    expect(page.url()).toMatch(/view=conversations.*on_from=\d{4}-\d\d-\d\d/);
    await page.getByRole("link", { name: /^day-/ }).first().click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("Where each number comes from").waitFor();
    await dialog.getByText("adds up").first().waitFor();
    await shoot(page, "conversation", false);
    await page.goBack();
    await dialog.waitFor({ state: "detached" });
    await page.goBack();
    await page.getByRole("heading", { name: "Busiest hours" }).waitFor();

    expect(problems).toEqual([]);
    await expectNoDrift(db);
  });

  test("asks for little while nothing changes, and for nothing while it is hidden", async ({ db, serve }) => {
    await write(db);
    const api = await serve(calm);
    const { page } = await open(`${api.url}/?range=all&tz=UTC`);
    await page.getByRole("list", { name: "Key figures" }).getByText("250", { exact: true }).waitFor();
    await page.waitForLoadState("networkidle");
    const asked: string[] = [];
    page.on("response", (response) => asked.push(`${response.status()} ${new URL(response.url()).pathname}`));

    await page.waitForResponse(/summary/);
    await page.waitForResponse(/summary/);
    await page.evaluate("Object.defineProperty(document, 'hidden', { value: true, configurable: true })");
    await page.waitForTimeout(100);
    const before = asked.length;
    await page.waitForTimeout(3000);
    const whileHidden = asked.length - before;
    await page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))");
    await page.waitForResponse(/summary/);

    expect(new Set(asked.filter((line) => line.includes("/reports/")))).toEqual(new Set(["304 /api/reports/summary"]));
    expect(whileHidden).toBeLessThan(2);
  });

  test("is there within a second, and nothing on it moves while it loads", async ({ db, serve }) => {
    await write(db);
    const api = await serve(calm);
    const { page } = await open(`${api.url}/docs`);

    await page.goto(`${api.url}/?range=all&tz=UTC`, { waitUntil: "commit" });
    await page.getByLabel("Dates").selectOption("all");
    await page.getByRole("list", { name: "Key figures" }).getByText("250", { exact: true }).waitFor();
    const took = Number(await page.evaluate("performance.now()"));
    const moved = Number(
      await page.evaluate(`new Promise((done) => new PerformanceObserver((list) =>
        done(list.getEntries().reduce((sum, { value }) => sum + value, 0))).observe({ type: "layout-shift", buffered: true }) ||
        setTimeout(() => done(0), 300))`),
    );

    const interactive = Number(await page.evaluate("performance.getEntriesByName('interactive')[0].startTime"));

    console.log(`First view: interactive after ${Math.round(interactive)} ms, figures after ${Math.round(took)} ms.`);
    expect(interactive).toBeLessThan(1000);
    expect(moved).toBeLessThan(0.05);
  });
});
