import { expect } from "vitest";
import { createLoginLink } from "../src/keys/login.ts";
import { shoot, violations } from "./support/browser.ts";
import { ATTACHED, calm, writeSome as write } from "./support/dashboard.ts";
import { limits, test } from "./support/http.ts";
import { inBrowser } from "./support/in-browser.ts";
import { expectNoDrift } from "./support/oracle.ts";

await inBrowser("the dashboard as it may be", (open) => {
  test("says what to do where there is nothing yet, and shows the first row as it comes", async ({ db, serve }) => {
    const api = await serve(calm);
    const { page, problems } = await open(`${api.url}/?tz=UTC`, { viewport: { width: 1280, height: 800 } });

    await page.getByRole("heading", { name: "No conversations yet" }).waitFor();
    await shoot(page, "empty");
    expect(await violations(page)).toEqual([]);
    await db`insert into conversations (session_id, message, response) values ('first', 'Hi', 'Hello')`;
    await page.getByRole("link", { name: "first", exact: true }).waitFor();

    expect(problems).toEqual([]);
  });

  test("says what is wrong, keeps what was there, and goes on by itself", async ({ db, serve }) => {
    await write(db);
    const api = await serve(calm);
    const { page } = await open(`${api.url}/?range=all&tz=UTC`);
    const figures = page.getByRole("list", { name: "Key figures" });
    await figures.getByText("250", { exact: true }).waitFor();

    await page.route("**/api/**", (route) => route.abort());
    await page.getByRole("alert").getByText("The server does not answer.").waitFor();
    await page.getByText("Not live").waitFor();
    await figures.getByText("250", { exact: true }).waitFor();
    await shoot(page, "error", false);
    expect(await violations(page)).toEqual([]);
    await page.unroute("**/api/**");
    await page.getByText("Live", { exact: true }).waitFor();

    await page.goto(`${api.url}/?range=all&tz=Mars/Olympus`);
    await page.getByRole("alert").getByText(/Mars/).waitFor();
  });

  test("needs a session where others need a key, and says how to get one", async ({ db, serve }) => {
    await write(db);
    const api = await serve({ settings: { limits: limits(), localAccess: false } });
    const { page } = await open(`${api.url}/?range=all&tz=UTC`);

    await page.getByRole("alert").getByText("Sign in by a link: npx conversation-metrics keys login").waitFor();
    await page.goto(await createLoginLink(db, api.url, { scope: "read", organization: "1" }));
    await page.getByRole("list", { name: "Key figures" }).waitFor();
    await page.getByText("Organization 1 alone").waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();

    await page.getByRole("alert").getByText("keys login").waitFor();
  });

  test("shows attached tables beside the default ones", async ({ db, serve }) => {
    await write(db);
    await db.unsafe(ATTACHED);
    const api = await serve(calm);
    const { page, problems } = await open(`${api.url}/?range=all&tz=UTC`);

    await page.getByLabel("Tables").selectOption("support");

    await page.getByRole("link", { name: "room-1" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("Hello?").waitFor();
    await dialog.getByText("adds up").first().waitFor();
    expect(page.url()).toContain("source=support");
    expect(problems).toEqual([]);
    await expectNoDrift(db);
  });

  test("is light or dark as it is told, also the next time", async ({ db, serve }) => {
    await write(db);
    const api = await serve(calm);
    const { page } = await open(`${api.url}/?range=all&tz=UTC`);

    await page.getByLabel("Theme").selectOption("dark");
    await page.reload();

    expect(await page.evaluate("getComputedStyle(document.body).backgroundColor")).toBe("rgb(14, 16, 21)");
  });

  const VIEWS = [
    ["overview", "/?range=all&tz=UTC"],
    ["conversations", "/?view=conversations&range=all&weekday=2&tz=UTC"],
    ["conversation", "/?view=conversations&range=all&session=demo-1-00001&tz=UTC"],
    ["phone", "/?range=all&tz=UTC"],
    ["phone-list", "/?view=conversations&range=all&tz=UTC"],
    ["phone-conversation", "/?range=all&session=demo-1-00001&tz=UTC"],
  ] as const;
  test.for(VIEWS.flatMap(([name, path]) => [["light", name, path] as const, ["dark", name, path] as const]))(
    "is accessible by the rules of axe: %s, %s",
    async ([colorScheme, name, path], { db, serve }) => {
      await write(db);
      const [first] = await db`select organization_id from conversation_metrics where session_id = 'demo-1-00001'`;
      const api = await serve(calm);
      const viewport = name.startsWith("phone") ? { width: 390, height: 844 } : { width: 1280, height: 900 };
      const { page, problems } = await open(api.url + path, { colorScheme, viewport });
      await page
        .getByText(name.endsWith("conversation") ? "Where each number comes from" : /^Right at the commit/)
        .waitFor();
      if (name.endsWith("conversation"))
        await page.getByRole("dialog").getByText(`Organization ${first?.organization_id}, widget`).waitFor();
      await page.locator(".waiting").first().waitFor({ state: "detached" });
      await shoot(page, `${name}-${colorScheme}`, !name.endsWith("conversation"));

      expect(await violations(page)).toEqual([]);
      const wide =
        "[document.documentElement, ...document.querySelectorAll('dialog')].filter((e) => e.scrollWidth > e.clientWidth).length";
      expect(await page.evaluate(wide)).toBe(0);
      expect(problems).toEqual([]);
    },
  );
});
