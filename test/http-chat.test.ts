import { describe, expect } from "vitest";
import { chatAnswer } from "../src/http/schemas.ts";
import { answers, fails, stalls } from "./support/fake-service.ts";
import { asking, test } from "./support/http.ts";
import { expectNoDrift } from "./support/oracle.ts";

describe("POST /api/chat", () => {
  test("stores the exchange as the provider reported it, and answers with the session's metrics", async ({
    db,
    serve,
    service,
  }) => {
    service.next(answers("Yes, from 10 to 18."));
    const api = await serve({ answerer: asking(service) });

    const { status, json } = await api.post("/api/chat", {
      message: "Open on Sundays?",
      session_id: "s-1",
      organization_id: 7,
      widget_id: 3,
      user_id: "12",
    });

    expect(status).toBe(200);
    expect(chatAnswer.strict().safeParse(json).error?.issues).toBeUndefined();
    expect(json).toMatchObject({
      session_id: "s-1",
      response: "Yes, from 10 to 18.",
      model: "gpt-test-2026-01-01",
      answered_by: "service",
      prompt_tokens: 11,
      completion_tokens: 7,
      metrics: { total_messages: 2, prompt_tokens: 11, completion_tokens: 7, estimated_messages: 0, has_lead: false },
    });
    expect(
      await db`select id, organization_id, session_id, widget_id, user_id, message, response, model, prompt_tokens,
        completion_tokens, responded_at between created_at and created_at + interval '10 s' as timed from conversations`,
    ).toEqual([
      {
        id: json.id,
        organization_id: "7",
        session_id: "s-1",
        widget_id: "3",
        user_id: "12",
        message: "Open on Sundays?",
        response: "Yes, from 10 to 18.",
        model: "gpt-test-2026-01-01",
        prompt_tokens: 11,
        completion_tokens: 7,
        timed: true,
      },
    ]);
    expect(json.metrics.average_response_time).toBeCloseTo(
      (Date.parse(json.responded_at) - Date.parse(json.created_at)) / 1000,
      2,
    );
    await expectNoDrift(db);
  });

  test("gives the model the session's last rows, and nothing of another session or organization", async ({
    db,
    serve,
    service,
  }) => {
    await db`insert into conversations (organization_id, session_id, role, message, response, created_at) values
      (1, 's', null, 'one', 'two', now() - interval '5 h'),
      (1, 's', null, 'three', 'four', now() - interval '4 h'),
      (1, 's', 'user', 'five', null, now() - interval '3 h'),
      (1, 's', 'assistant', 'six', null, now() - interval '2 h'),
      (1, 's', 'system', 'seven', null, now() - interval '1 h'),
      (2, 's', null, 'secret', 'secret', now()), (null, 's', null, 'secret', 'secret', now()),
      (1, 't', null, 'secret', 'secret', now())`;
    const api = await serve({
      answerer: asking(service),
      settings: { chat: { systemPrompt: "Be brief.", historyRows: 4 } },
    });

    await api.post("/api/chat", { message: "eight", session_id: "s", organization_id: "1" });

    expect(service.asked.map(({ messages }) => messages)).toEqual([
      [
        { role: "system", content: "Be brief." },
        { role: "user", content: "three" },
        { role: "assistant", content: "four" },
        { role: "user", content: "five" },
        { role: "assistant", content: "six" },
        { role: "user", content: "eight" },
      ],
    ]);
    await expectNoDrift(db);
  });

  test("bounds the history by its length too", async ({ db, serve, service }) => {
    await db`insert into conversations (session_id, message, response)
      select 's', repeat('q', 9000), repeat('a', 9000) from generate_series(1, 10)`;
    const api = await serve({ answerer: asking(service) });

    await api.post("/api/chat", { message: "x", session_id: "s" });

    expect(service.asked[0]?.messages.map(({ content }) => content.length)).toEqual([28, 9000, 9000, 1]);
    await expectNoDrift(db);
  });

  test("stores a model's name as far as it is one, and the words in which the model refuses", async ({
    db,
    serve,
    service,
  }) => {
    service.next((res) => {
      res.writeHead(200, { "content-type": "application/json" }).end(
        JSON.stringify({
          model: "m".repeat(300),
          choices: [
            { index: 0, finish_reason: "stop", message: { content: null, refusal: "I cannot help with that." } },
          ],
        }),
      );
    });
    const api = await serve({ answerer: asking(service) });

    const { status } = await api.post("/api/chat", { message: "hi", session_id: "s" });

    expect(status).toBe(200);
    expect(await db`select response, model from conversations`).toEqual([
      { response: "I cannot help with that.", model: "m".repeat(200) },
    ]);
    await expectNoDrift(db);
  });

  test("holds no connection and no transaction while the model is asked", async ({ db, serve, service }) => {
    service.next(stalls);
    const api = await serve({ answerer: asking(service, 1500) });

    const waiting = Promise.all(
      Array.from({ length: 12 }, (_, n) => api.post("/api/chat", { message: "hi", session_id: `s-${n}` })),
    );
    await expect.poll(() => service.asked.length, { timeout: 1400 }).toBe(12);
    const open = await db`select pid from pg_stat_activity where datname = current_database() and xact_start is not null
      and pid <> pg_backend_pid()`;

    expect(open).toEqual([]);
    expect((await waiting).map(({ status }) => status)).toEqual(Array(12).fill(504));
    expect(await db`select from conversations`).toHaveLength(0);
  });

  test("tries again after 429 and 500", async ({ db, serve, service }) => {
    service.next(fails(429, { "retry-after-ms": "20" }), fails(500, { "retry-after-ms": "20" }), answers("There."));
    const api = await serve({ answerer: asking(service) });

    const { status, json } = await api.post("/api/chat", { message: "hi", session_id: "s" });

    expect([status, json.response, service.asked.length]).toEqual([200, "There.", 3]);
    await expectNoDrift(db);
  });

  test.for([[500], [401], [429]])(
    "says 502 when the service goes on failing with %i, and stores nothing",
    async ([failure = 0], { db, serve, service }) => {
      service.next(fails(failure, { "retry-after-ms": "5" }));
      const api = await serve({ answerer: asking(service) });

      const { status, headers, json, text } = await api.post("/api/chat", {
        message: "a secret text",
        session_id: "s",
      });

      expect(status).toBe(502);
      expect(headers.get("content-type")).toBe("application/problem+json; charset=utf-8");
      expect(json).toMatchObject({ status: 502, code: "answer_failed", title: "Bad Gateway" });
      expect(text + api.lines.join("")).not.toMatch(/secret|sk-test/);
      expect(await db`select from conversations`).toHaveLength(0);
    },
  );

  test("says 504 when the service does not answer in time, also where it asks to wait longer", async ({
    serve,
    service,
  }) => {
    service.next(fails(429, { "retry-after": "30" }));
    const api = await serve({ answerer: asking(service, 300) });
    const begun = performance.now();

    const { status, json } = await api.post("/api/chat", { message: "hi", session_id: "s" });

    expect([status, json.code]).toEqual([504, "answer_late"]);
    expect(performance.now() - begun).toBeLessThan(5000);
  });

  test("leaves no request to the service behind when the caller goes away", async ({ db, serve, service }) => {
    service.next(stalls);
    const api = await serve({ answerer: asking(service, 20_000) });
    const leaving = new AbortController();
    const request = fetch(`${api.url}/api/chat`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ message: "hi", session_id: "s" }),
      signal: leaving.signal,
    });
    await expect.poll(() => service.asked.length).toBe(1);
    leaving.abort();
    await expect(request).rejects.toThrow();
    await api.idle();

    await expect.poll(service.cutOff).toBe(1);
    expect(await db`select from conversations`).toHaveLength(0);
  });

  test("does not believe usage that cannot be true: the tokens stay to be counted", async ({ db, serve, service }) => {
    service.next(answers("Hi \0 there", { prompt_tokens: -1, completion_tokens: 1e12 }));
    const api = await serve({ answerer: asking(service) });

    const { json } = await api.post("/api/chat", { message: "hi", session_id: "s" });

    expect(json).toMatchObject({ response: "Hi  there", prompt_tokens: null, metrics: { estimated_messages: 2 } });
    await expectNoDrift(db);
  });

  test("without a service the built-in responder answers, and says so", async ({ db, serve }) => {
    const api = await serve();

    const { json } = await api.post("/api/chat", { message: "one two three", session_id: "s" });

    expect(json).toMatchObject({ model: "built-in", answered_by: "built-in", metrics: { total_messages: 2 } });
    expect(json.notice).toMatch(/^No language model answered/);
    expect(json.response).toMatch(/^\[Built-in responder, not a language model\] Your message has 3 words/);
    expect(await db`select model, prompt_tokens from conversations`).toEqual([
      { model: "built-in", prompt_tokens: null },
    ]);
    await expectNoDrift(db);
  });
});
