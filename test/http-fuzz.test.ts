import fc from "fast-check";
import { describe, expect } from "vitest";
import { limits, test } from "./support/http.ts";
import { expectNoDrift } from "./support/oracle.ts";

const NAUGHTY = [
  ...[
    "",
    " ",
    "\0",
    "a\0b",
    "\ud800",
    "\udfff\ud800",
    "\u202e",
    "\ufeff",
    "👩‍👩‍👧‍👦".repeat(50),
    "null",
    "undefined",
    "NaN",
    "-0",
  ],
  ...[
    "1e1000",
    "99999999999999999999",
    "-1",
    "0x10",
    "'; drop table conversations; --",
    "$$",
    "%s%n",
    "../../etc/passwd",
  ],
  ...["<script>alert(1)</script>", "{{7*7}}", "#{7*7}", "\\", '"', "\r\n\r\n", "__proto__", "constructor", "infinity"],
  ...["2026-02-30", "9999-12-31", "0000-00-00", "UTC+99", "Europe/Berlin ", "ﷺ".repeat(200), "x".repeat(300)],
];

const text = fc.oneof(fc.constantFrom(...NAUGHTY), fc.string({ unit: "binary", maxLength: 40 }));
const value = fc.oneof(
  text,
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
  fc.constant({}),
  fc.constant([[]]),
);
const id = fc.oneof({ weight: 3, arbitrary: fc.constantFrom(1, "1", "s", 2) }, { weight: 1, arbitrary: value });

const bodies = fc.record(
  {
    message: fc.oneof(text, value),
    session_id: id,
    organization_id: id,
    widget_id: id,
    user_id: id,
    name: text,
    email: fc.oneof(text, fc.constant("a@b.example")),
    conversation_id: id,
    rating: fc.oneof(fc.integer({ min: 0, max: 6 }), value),
    custom_fields: fc.oneof(fc.dictionary(text, value, { maxKeys: 3 }), value),
  },
  { requiredKeys: ["session_id"] },
);

const FIELDS: Record<string, string[]> = {
  "/api/chat": ["message", "session_id", "organization_id", "widget_id", "user_id"],
  "/api/leads": ["session_id", "organization_id", "name", "email", "custom_fields"],
  "/api/feedback": ["session_id", "organization_id", "conversation_id", "rating"],
};

const READS = [
  ...["summary", "conversations", "tokens", "leads", "daily", "export"].map((name) => `/api/reports/${name}`),
  "/api/conversations/s",
];
const PARAMETERS = [
  ...["organization", "from", "to", "time_zone", "widget", "user", "min_tokens", "max_tokens", "has_lead", "limit"],
  ...["min_satisfaction", "source", "sort", "after", "by", "what_if", "currency", "format", "order"],
];

describe("whatever is sent", () => {
  test("as a body, the answer is never of 500 and above, and the numbers stay right", { timeout: 120_000 }, async ({
    db,
    serve,
  }) => {
    const api = await serve({ settings: { limits: limits() } });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...Object.keys(FIELDS)), bodies, async (path, body) => {
        const sent = Object.fromEntries(Object.entries(body).filter(([name]) => FIELDS[path]?.includes(name)));
        const { status, text: answer } = await api.post(path, sent);
        expect(status, answer).toBeLessThan(500);
      }),
      { numRuns: 400 },
    );
    await expectNoDrift(db);
  });

  test("as a query, the answer is never of 500 and above", { timeout: 120_000 }, async ({ db, serve }) => {
    await db`insert into conversations (session_id, message) values ('s', 'hi')`;
    const api = await serve({ settings: { limits: limits() } });
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...READS),
        fc.uniqueArray(fc.tuple(fc.constantFrom(...PARAMETERS), fc.oneof(text, fc.constantFrom("1", "2026-01-01"))), {
          selector: ([name]) => name,
          maxLength: 2,
        }),
        async (path, parameters) => {
          const query = new URLSearchParams(parameters.map(([name, given]): [string, string] => [name, given]));
          const { status, text: answer } = await api.get(`${path}?${query}`);
          expect(status, answer).toBeLessThan(500);
        },
      ),
      { numRuns: 500 },
    );
  });
});
