import { createServer } from "node:http";
import { expect } from "vitest";
import { shoot, violations } from "./support/browser.ts";
import { test as base, limits } from "./support/http.ts";
import { inBrowser } from "./support/in-browser.ts";
import { expectNoDrift } from "./support/oracle.ts";

type Shop = { origin: string; page: string; policy: string };

/** A page of somebody else's, on an origin of its own, to be filled by the test. */
const test = base.extend("shop", async ({}, { onCleanup }): Promise<Shop> => {
  const shop: Shop = { origin: "", page: "", policy: "" };
  const server = createServer((_req, res) => {
    res.setHeader("content-security-policy", shop.policy);
    res.setHeader("content-type", "text/html");
    res.end(`<!doctype html><html lang="en"><title>Shop</title><main><h1>Shop</h1></main>${shop.page}`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onCleanup(async () => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  shop.origin = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  return shop;
});

await inBrowser("the chat widget", (open) => {
  test("on the demo page chats, rates and takes a lead, and the row beside it changes", async ({ db, serve }) => {
    const api = await serve({ settings: { limits: limits() } });
    const { page, problems } = await open(`${api.url}/demo`);
    const row = page.getByRole("region", { name: "The row of this conversation" });

    await page.getByLabel("Your message").fill("Open on Sundays?");
    await page.keyboard.press("Enter");
    await page.getByText("Your message has 3 words").waitFor();
    await row.getByText("total_messages").waitFor();
    // It is 1 as soon as the question is stored, and looked at every two seconds.
    await expect.poll(() => row.innerText(), { timeout: 10_000 }).toMatch(/total_messages\s+2\s/);
    await page.getByRole("button", { name: "4 of 5" }).click();
    await page.getByText("Thank you").waitFor();
    await page.getByRole("button", { name: "Leave your contact details" }).click();
    await page.getByLabel("Name").fill("Ada");
    await page.getByLabel("E-mail").fill("ada@mail.example");
    await page.getByRole("button", { name: "Leave them" }).click();
    await row.getByText("ada@mail.example").waitFor();
    await shoot(page, "demo");

    expect(await violations(page)).toEqual([]);
    expect(problems).toEqual([]);
    expect(await db`select has_lead, lead_name, user_satisfaction from conversation_metrics`).toEqual([
      { has_lead: true, lead_name: "Ada", user_satisfaction: 4 },
    ]);
    await expectNoDrift(db);
  });

  test("by the keyboard alone opens, asks, rates and closes", async ({ db, serve }) => {
    const api = await serve({ settings: { limits: limits() } });
    const viewport = { width: 390, height: 844 };
    const { page, problems } = await open(`${api.url}/demo`, { viewport, colorScheme: "dark" });

    await page.getByRole("button", { name: "Chat demo" }).focus();
    await page.keyboard.press("Enter");
    await page.keyboard.type("Hello");
    await page.keyboard.press("Enter");
    await page.getByText("Your message has 1 word").waitFor();
    await page.getByRole("button", { name: "1 of 5" }).waitFor();
    expect(await violations(page)).toEqual([]);
    await shoot(page, "demo-phone-dark", false);
    for (let n = 0; n < 3; n += 1) await page.keyboard.press("Shift+Tab");
    await page.keyboard.press("Space");
    await page.getByText("Thank you").waitFor();
    await page.keyboard.press("Escape");

    await page.getByRole("dialog").waitFor({ state: "hidden" });
    expect(await page.evaluate("document.activeElement.shadowRoot.activeElement.getAttribute('aria-expanded')")).toBe(
      "false",
    );
    expect(problems).toEqual([]);
    expect(await db`select user_satisfaction from conversation_metrics`).toHaveLength(1);
    await expectNoDrift(db);
  });

  test("on a page of another origin, under its policy, posts for its key's organization and widget", async ({
    db,
    serve,
    keyFor,
    shop,
  }) => {
    const { secret } = await keyFor({ scope: "write", organization: "7", widget: "3" });
    const settings = { limits: limits(), localAccess: false, widgetOrigins: [shop.origin] };
    const api = await serve({ settings });
    shop.policy = `default-src 'none'; script-src ${api.url}; connect-src ${api.url}`;
    shop.page = `<script src="${api.url}/widget.js" data-key="${secret}" data-title="Ask the shop" data-color="#ffd000"
      data-open data-lead="off" defer></script>`;

    const { page, problems } = await open(shop.origin);
    await page.getByRole("dialog", { name: "Ask the shop" }).getByLabel("Your message").fill("<b>Hi</b>");
    await page.getByRole("button", { name: "Send" }).click();
    await page.getByText("Your message has 1 word").waitFor();
    await shoot(page, "widget", false);
    await page.reload();
    await page.getByText("<b>Hi</b>").waitFor();

    expect(await violations(page)).toEqual([]);
    expect(problems).toEqual([]);
    expect(await db`select organization_id::text, widget_id::text, total_messages from conversation_metrics`).toEqual([
      { organization_id: "7", widget_id: "3", total_messages: 2 },
    ]);
    await expectNoDrift(db);
  });

  test("that may not post says so, and keeps what was written", async ({ db, serve, shop }) => {
    const api = await serve({ settings: { limits: limits(), localAccess: false, widgetOrigins: [shop.origin] } });
    shop.policy = `default-src 'none'; script-src ${api.url}; connect-src ${api.url}`;
    shop.page = `<script src="${api.url}/widget.js" data-open></script>`;

    const { page } = await open(shop.origin);
    await page.getByLabel("Your message").fill("Hi");
    await page.getByRole("button", { name: "Send" }).click();
    await page.getByText("A key is needed").waitFor();

    expect(await page.getByLabel("Your message").inputValue()).toBe("Hi");
    expect(await db`select from conversations`).toHaveLength(0);
    await expectNoDrift(db);
  });
});
