import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect } from "vitest";
import { answers, breaksAfter, endsAfter, fails, stallsAfter, streams } from "./support/fake-service.ts";
import { type Api, asking, eventsIn, test } from "./support/http.ts";
import { expectNoDrift } from "./support/oracle.ts";

const STREAM = { accept: "text/event-stream" };
const QUESTION = { message: "Open on Sundays?", session_id: "s", organization_id: 1 };

const open = (api: Api, signal: AbortSignal) =>
  fetch(`${api.url}/api/chat`, {
    method: "POST",
    headers: { "content-type": "application/json", ...STREAM },
    body: JSON.stringify(QUESTION),
    signal,
  });

/** Reads until a text came. */
const readUntil = async (response: Response, text: string): Promise<void> => {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let read = "";
  while (reader !== undefined && !read.includes(text)) {
    const { value, done } = await reader.read();
    if (done) return;
    read += value;
  }
};

test("what the reader of an answer takes is not the service's time", async ({ service }) => {
  service.next(streams(["Yes, ", "from 10 ", "to 18."]));
  const { signal } = new AbortController();
  const pieces = await asking(service, 400).stream([{ role: "user", content: "Open?" }], signal);

  let text = "";
  for await (const piece of pieces) {
    text += piece.text;
    await sleep(500);
  }

  expect(text).toBe("Yes, from 10 to 18.");
});

describe("POST /api/chat as a stream", () => {
  test("stores a refusal, and usage that is reported before the end", async ({ db, serve, service }) => {
    service.next((res) => {
      res.writeHead(200, { "content-type": "text/event-stream" });
      const parts = [
        { choices: [{ index: 0, delta: { refusal: "I cannot " } }] },
        { choices: [{ index: 0, delta: { refusal: "help." } }], usage: { prompt_tokens: 5, completion_tokens: 4 } },
        { choices: [{ index: 0, delta: {}, finish_reason: "stop" }] },
      ];
      res.end(parts.map((part) => `data: ${JSON.stringify({ model: "m", ...part })}\n\n`).join(""));
    });
    const api = await serve({ answerer: asking(service) });

    const { text } = await api.post("/api/chat", QUESTION, STREAM);

    expect(eventsIn(text).at(-1)).toMatchObject({ event: "done", data: { response: "I cannot help." } });
    expect(await db`select response, prompt_tokens, completion_tokens from conversations`).toEqual([
      { response: "I cannot help.", prompt_tokens: 5, completion_tokens: 4 },
    ]);
    await expectNoDrift(db);
  });

  test("sends the pieces, and completes the row that it began with", async ({ db, serve, service }) => {
    service.next(streams(["Yes, ", "from 10 ", "to 18 🕙."]));
    const api = await serve({ answerer: asking(service) });

    const { status, headers, text } = await api.post("/api/chat", QUESTION, STREAM);

    expect([status, headers.get("content-type")]).toEqual([200, "text/event-stream; charset=utf-8"]);
    const events = eventsIn(text);
    expect(events.map(({ event }) => event)).toEqual(["start", "delta", "delta", "delta", "done"]);
    expect(events.slice(1, 4).map(({ data }) => data.text)).toEqual(["Yes, ", "from 10 ", "to 18 🕙."]);
    expect(events.at(-1)?.data).toMatchObject({
      id: events[0]?.data.id,
      response: "Yes, from 10 to 18 🕙.",
      model: "gpt-test-2026-01-01",
      prompt_tokens: 21,
      completion_tokens: 9,
      metrics: { total_messages: 2, total_tokens: 30, estimated_messages: 0 },
    });
    expect(
      await db`select id, message, response, model, prompt_tokens, completion_tokens, responded_at > created_at as timed
        from conversations`,
    ).toEqual([
      {
        id: events[0]?.data.id,
        message: "Open on Sundays?",
        response: "Yes, from 10 to 18 🕙.",
        model: "gpt-test-2026-01-01",
        prompt_tokens: 21,
        completion_tokens: 9,
        timed: true,
      },
    ]);
    await expectNoDrift(db);
  });

  test("has the question stored while the answer is under way, with no transaction open", async ({
    db,
    serve,
    service,
  }) => {
    service.next(stallsAfter(["Yes"]));
    const api = await serve({ answerer: asking(service, 20_000) });
    const leaving = new AbortController();
    const response = await open(api, leaving.signal);
    await readUntil(response, "Yes");

    expect(await db`select message, response from conversations`).toEqual([
      { message: "Open on Sundays?", response: null },
    ]);
    expect(await db`select user_messages, ai_messages, open_rows from conversation_metrics`).toEqual([
      { user_messages: 1, ai_messages: 0, open_rows: 1 },
    ]);
    expect(
      await db`select from pg_stat_activity where datname = current_database() and xact_start is not null
        and pid <> pg_backend_pid()`,
    ).toHaveLength(0);
    await expectNoDrift(db);
    leaving.abort();
  });

  test("stores what was answered when the reader goes away, and lets go of the service", async ({
    db,
    serve,
    service,
  }) => {
    service.next(stallsAfter(["Yes, ", "from 10"]));
    const api = await serve({ answerer: asking(service, 20_000) });
    const leaving = new AbortController();
    const response = await open(api, leaving.signal);
    await readUntil(response, "from 10");
    leaving.abort();
    await api.idle();

    await expect.poll(service.cutOff).toBe(1);
    expect(
      await db`select response, model, prompt_tokens, responded_at is not null as timed from conversations`,
    ).toEqual([{ response: "Yes, from 10", model: "gpt-test-2026-01-01", prompt_tokens: null, timed: true }]);
    await expectNoDrift(db);
  });

  test.for([
    ["breaks", breaksAfter, "answer_failed"],
    ["ends too early", endsAfter, "answer_failed"],
    ["stalls", stallsAfter, "answer_late"],
  ] as const)(
    "stores what was answered when the service %s, and says so",
    async ([, behavior, code], { db, serve, service }) => {
      service.next(behavior(["Yes, ", "from"]));
      const api = await serve({ answerer: asking(service, 400) });

      const { status, text } = await api.post("/api/chat", QUESTION, STREAM);

      const events = eventsIn(text);
      expect([status, events.map(({ event }) => event).join(" ")]).toEqual([200, "start delta delta error"]);
      expect(events.at(-1)?.data).toMatchObject({ code, answer_stored: true, type: "about:blank" });
      expect(await db`select response, prompt_tokens from conversations`).toEqual([
        { response: "Yes, from", prompt_tokens: null },
      ]);
      await expectNoDrift(db);
    },
  );

  test.for([[breaksAfter([])], [endsAfter([])]])(
    "leaves the question alone when nothing was answered (%#)",
    async ([behavior], { db, serve, service }) => {
      service.next(behavior ?? fails(500));
      const api = await serve({ answerer: asking(service, 400) });

      const { text } = await api.post("/api/chat", QUESTION, STREAM);

      expect(eventsIn(text).at(-1)).toMatchObject({ event: "error", data: { answer_stored: false } });
      expect(await db`select message, response, model, responded_at from conversations`).toEqual([
        { message: "Open on Sundays?", response: null, model: null, responded_at: null },
      ]);
      await expectNoDrift(db);
    },
  );

  test("a service that fails at once is a 502, as without a stream", async ({ db, serve, service }) => {
    service.next(fails(500, { "retry-after-ms": "5" }));
    const api = await serve({ answerer: asking(service) });

    const { status, json } = await api.post("/api/chat", QUESTION, STREAM);

    expect([status, json.code]).toEqual([502, "answer_failed"]);
    expect(await db`select message, response from conversations`).toEqual([
      { message: "Open on Sundays?", response: null },
    ]);
    await expectNoDrift(db);
  });

  test("tries a stream again after 429", async ({ db, serve, service }) => {
    service.next(fails(429, { "retry-after-ms": "5" }), streams(["Yes."]));
    const api = await serve({ answerer: asking(service) });

    const { text } = await api.post("/api/chat", QUESTION, STREAM);

    expect(eventsIn(text).at(-1)).toMatchObject({ event: "done", data: { response: "Yes." } });
    await expectNoDrift(db);
  });

  test("a reader that reads nothing slows the service down, and is answered whole when it reads", async ({
    db,
    serve,
    service,
  }) => {
    const piece = "x".repeat(2000);
    service.next(streams(Array(90).fill(piece)));
    const api = await serve({ answerer: asking(service) });
    const response = await open(api, new AbortController().signal);
    await expect.poll(() => service.asked.length).toBe(1);

    const events = eventsIn(await response.text());

    expect(events.filter(({ event }) => event === "delta")).toHaveLength(90);
    expect(await db`select length(response) from conversations`).toEqual([{ length: 180_000 }]);
    await expectNoDrift(db);
  });

  test("a process that ends cuts the answer short and keeps the part", async ({ db, serve, service }) => {
    service.next(stallsAfter(["Yes, "]));
    const stopping = new AbortController();
    const api = await serve({ answerer: asking(service, 20_000), stopping: stopping.signal });
    const answer = api.post("/api/chat", QUESTION, STREAM);
    await expect.poll(async () => (await db`select from conversations`).length).toBe(1);
    await expect.poll(() => service.asked.length).toBe(1);
    setTimeout(() => stopping.abort(new Error("stopping")), 300);

    const events = eventsIn((await answer).text);

    expect(events.at(-1)).toMatchObject({ event: "error", data: { code: "stopping", status: 503 } });
    expect(await db`select response from conversations`).toEqual([{ response: "Yes, " }]);
    await expectNoDrift(db);
  });

  test("the built-in responder streams too", async ({ db, serve }) => {
    const api = await serve();

    const { text } = await api.post("/api/chat", QUESTION, STREAM);

    const events = eventsIn(text);
    expect(events.filter(({ event }) => event === "delta").length).toBeGreaterThan(5);
    expect(events.at(-1)).toMatchObject({ event: "done", data: { model: "built-in", answered_by: "built-in" } });
    await expectNoDrift(db);
  });

  test("someone who takes anything gets JSON", async ({ serve, service }) => {
    service.next(answers("Hi"));
    const api = await serve({ answerer: asking(service) });

    const { headers } = await api.post("/api/chat", QUESTION, { accept: "*/*" });

    expect(headers.get("content-type")).toBe("application/json; charset=utf-8");
  });
});
