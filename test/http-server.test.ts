import { once } from "node:events";
import { createServer } from "node:net";
import { describe, expect } from "vitest";
import { startHttp } from "../src/http/server.ts";
import { type HttpSettings, loadHttpSettings } from "../src/http/settings.ts";
import { silentLogger } from "../src/log.ts";
import { cli, finished, said, startCli } from "./support/cli.ts";
import { stallsAfter, streams } from "./support/fake-service.ts";
import { eventsIn, test } from "./support/http.ts";
import { expectNoDrift } from "./support/oracle.ts";

const ask = (url: string) =>
  fetch(`${url}/api/chat`, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "text/event-stream" },
    body: JSON.stringify({ message: "hi", session_id: "s" }),
  });

const settingsFor = (serviceUrl: string): HttpSettings =>
  loadHttpSettings({ PORT: "0", LOCAL_ACCESS: "on", OPENAI_API_KEY: "sk-test", OPENAI_BASE_URL: serviceUrl });

const urlIn = (text: string) => /(http:\/\/\S+)\/docs/.exec(text)?.[1] ?? "";

describe("a server that is told to stop", () => {
  test("finishes what is under way, and takes nothing new", async ({ db, url, service }) => {
    service.next(streams(Array(20).fill("word "), 50));
    const server = await startHttp({ databaseUrl: url, log: silentLogger, settings: settingsFor(service.url) });
    const response = await ask(server.url);

    const begun = performance.now();
    const stopped = server.stop();
    const events = eventsIn(await response.text());
    await stopped;

    expect(performance.now() - begun).toBeLessThan(3500);
    expect(events.at(-1)).toMatchObject({ event: "done", data: { completion_tokens: 9 } });
    await expect(ask(server.url)).rejects.toThrow();
    expect(await db`select length(response) from conversations`).toEqual([{ length: 100 }]);
    await expectNoDrift(db);
  });

  test("cuts short what does not end, within a few seconds, and keeps the part", async ({ db, url, service }) => {
    service.next(stallsAfter(["Yes, "]));
    const server = await startHttp({ databaseUrl: url, log: silentLogger, settings: settingsFor(service.url) });
    const response = await ask(server.url);
    const begun = performance.now();

    const [text] = await Promise.all([response.text(), server.stop()]);

    expect(performance.now() - begun).toBeLessThan(8000);
    expect(eventsIn(text).at(-1)).toMatchObject({ event: "error", data: { code: "stopping", answer_stored: true } });
    expect(await db`select response from conversations`).toEqual([{ response: "Yes, " }]);
    await expectNoDrift(db);
  });
});

describe("start", () => {
  test("serves the API, says what is left out of it, and ends cleanly", async ({ bareUrl, bareDb }) => {
    const child = startCli(["start", "--http-port", "0", "--no-worker"], { url: bareUrl, env: { LOCAL_ACCESS: "on" } });
    const end = finished(child);
    const welcome = await said(child, "Ready. Ctrl-C stops it.");
    const response = await ask(urlIn(welcome));
    const events = eventsIn(await response.text());
    child.kill("SIGTERM");

    expect((await end).code).toBe(0);
    expect(welcome).toContain("No OPENAI_API_KEY: a built-in responder answers");
    expect(welcome).toContain("From this machine everything answers without a key");
    // It may be kept in a log.
    expect(welcome).not.toMatch(/login\?code|shown only now/);
    expect(welcome).toContain("A link: npx conversation-metrics keys login --url http://127.0.0.1:");
    expect(events.at(-1)).toMatchObject({ event: "done", data: { model: "built-in" } });
    await expectNoDrift(bareDb);
  });

  test("serves none with --no-http", async ({ url }) => {
    const child = startCli(["start", "--no-http", "--no-worker"], { url });
    const end = finished(child);
    const welcome = await said(child, "Ready. Ctrl-C stops it.");
    child.kill("SIGTERM");

    expect((await end).code).toBe(0);
    expect(welcome).not.toContain("HTTP API");
  });

  test("explains a port that is taken, and starts nothing", async ({ url }) => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const address = other.address();
    const port = typeof address === "object" && address !== null ? String(address.port) : "";

    const byOption = await cli(["start", "--http-port", port, "--no-worker"], { url });
    const byVariable = await cli(["start", "--no-worker"], { url, env: { PORT: port } });
    other.close();

    for (const { code, stderr } of [byOption, byVariable]) {
      expect(code).toBe(2);
      expect(stderr).toContain(`error: Something else listens on port ${port} of 127.0.0.1.`);
      expect(stderr).toContain("hint: Choose another (--http-port or PORT)");
    }
  });

  test("names the variable that holds a wrong value", async ({ url }) => {
    const { code, stderr } = await cli(["start"], { url, env: { WIDGET_ORIGINS: "shop.example" } });

    expect(code).toBe(2);
    expect(stderr).toContain("WIDGET_ORIGINS: must be origins");
  });
});
