import { expect } from "vitest";
import { calm, writeSome as write } from "./support/dashboard.ts";
import { test } from "./support/http.ts";
import { inBrowser } from "./support/in-browser.ts";

await inBrowser("the list of conversations", (open) => {
  test("lists conversations: sorted, narrowed down, a page at a time, and exported as shown", async ({ db, serve }) => {
    await write(db);
    const api = await serve(calm);
    const { page, problems } = await open(`${api.url}/?view=conversations&range=all&tz=UTC`);
    const list = page.getByRole("table", { name: "Conversations" });
    const column = async (n: number) =>
      (await list.locator(`tbody td:nth-child(${n})`).allInnerTexts()).map((text) => text.replace(/^≈ /, ""));
    const settled = () => page.locator(".rows[aria-busy=false]").waitFor();

    const { length: leads } = await db`select from conversation_metrics where has_lead`;

    await list.getByRole("button", { name: "Tokens" }).click();
    await page.waitForURL(/sort=total_tokens/);
    await settled();
    const first = await column(6);
    await page.getByRole("link", { name: "Next page" }).click();
    await page.waitForURL(/after=/);
    await settled();
    await page.getByText("25 on this page").waitFor();
    const second = await column(6);
    await page.getByLabel("Lead").selectOption("true");
    await page.waitForURL(/has_lead=true/);
    await page.getByText(`${leads} match`).waitFor();
    await settled();
    const shown = await column(1);
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: "Export CSV" }).click(),
    ]);
    const csv = await (await fetch(download.url())).text();

    const numbers = [...first, ...second].map((text) => Number(text.replaceAll(",", "")));
    expect(numbers).toEqual(numbers.toSorted((a, b) => b - a));
    expect(numbers).toHaveLength(50);
    const exported = csv
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => line.split(",")[0]?.replaceAll('"', ""));
    expect(exported).toHaveLength(leads);
    expect(exported.slice(0, shown.length)).toEqual(shown);
    expect(problems).toEqual([]);
  });

  test("by the keyboard alone: the range, a chart as a table, the conversations behind it, one of them, and back", async ({
    db,
    serve,
  }) => {
    await write(db);
    const api = await serve(calm);
    const { page, problems } = await open(`${api.url}/?range=90d&tz=UTC`);
    await page.getByRole("heading", { name: "Busiest hours" }).waitFor();
    const focused = () =>
      page.evaluate("document.activeElement.getAttribute('aria-label') || document.activeElement.textContent");
    const tabTo = async (name: string) => {
      for (let n = 0; n < 60; n += 1) {
        await page.keyboard.press("Tab");
        if (String(await focused()).includes(name)) return;
      }
      throw new Error(`The keyboard does not reach "${name}".`);
    };

    await tabTo("To the figures");
    await tabTo("Last 90 days");
    await page.keyboard.press("ArrowDown");
    await page.waitForURL(/range=month/);
    await page.keyboard.press("ArrowUp");
    await page.waitForURL(/range=90d/);
    await page.locator("main [aria-busy=false]").first().waitFor();
    await tabTo("Busiest hours as a table");
    await page.keyboard.press("Enter");
    await tabTo("Busiest hours, table");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.waitForURL(/weekday=\d&hour=\d/);
    await page.getByText(/^\d+ match/).waitFor();
    await page
      .getByRole("link", { name: /^demo-1-/ })
      .first()
      .waitFor();
    await tabTo("demo-1-");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").getByText("Where each number comes from").waitFor();
    await page.keyboard.press("Escape");

    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.waitForURL((url) => !url.searchParams.has("session"));
    await page.goBack();
    await page.getByRole("heading", { name: "Busiest hours" }).waitFor();
    expect(problems).toEqual([]);
  });
});
