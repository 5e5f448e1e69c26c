import naughtyStrings from "big-list-of-naughty-strings";
import fc from "fast-check";
import { describe, expect } from "vitest";
import { type Api, limits, test } from "./support/http.ts";
import { deviations, type Operation, operations, type Schema } from "./support/openapi.ts";
import { expectNoDrift } from "./support/oracle.ts";
import { populate } from "./support/population.ts";

// Beside the big list, what is naughty here: PostgreSQL's texts, numbers and times, JSON Pointers, cursors.
const OWN = [
  ...[
    "\0",
    "a\0b",
    "\ud800",
    "\udfff\ud800",
    "\ufeff",
    "👩‍👩‍👧‍👦".repeat(50),
    "-0",
    "1e1000",
    "99999999999999999999",
    "0x10",
    "+1",
  ],
  ...[
    "'; drop table conversations; --",
    "$$",
    "%s%n",
    "\r\n\r\n",
    "__proto__",
    "constructor",
    "infinity",
    "none",
    "all",
  ],
  ...["2026-02-30", "9999-12-31", "0000-00-00", "294276-12-31T23:59:59Z", "UTC+99", "Europe/Berlin ", "posix/UTC"],
  ...[
    "ﷺ".repeat(200),
    "x".repeat(300),
    "W10",
    "e30",
    "bnVsbA",
    "{}",
    '{"a":{"prompt":1,"completion":1e308}}',
    "default",
  ],
];
const NAUGHTY = [...new Set([...naughtyStrings, ...OWN])];

const naughty = fc.oneof(fc.constantFrom(...NAUGHTY), fc.string({ unit: "binary", maxLength: 40 }));
const anything = fc.oneof(naughty, fc.integer(), fc.double(), fc.boolean(), fc.constantFrom(null, {}, [], [[]]));

/** Values that a schema lets through, mostly. */
function fitting(schema: Schema): fc.Arbitrary<unknown> {
  const { anyOf, properties, required = [], additionalProperties } = schema;
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  // An id of these tables is a number, which comes first.
  if (anyOf !== undefined) {
    return fc.oneof(...anyOf.map((each, index) => ({ weight: index === 0 ? 4 : 1, arbitrary: fitting(each) })));
  }
  if (properties !== undefined) {
    const known = Object.entries(properties).map(([name, each]) => [name, mostly(each)] as const);
    return fc.record(Object.fromEntries(known), { requiredKeys: required });
  }
  if (typeof additionalProperties === "object") {
    return fc.dictionary(naughty, fitting(additionalProperties), { maxKeys: 4 });
  }
  const [type] = [schema.type].flat();
  if (type === "boolean") return fc.boolean();
  if (type === "null") return fc.constant(null);
  const { minimum = 0, maximum = 1000 } = schema;
  if (type === "integer") return fc.integer({ min: minimum, max: Math.min(maximum, 2 ** 31 - 1) });
  if (type === "number") return fc.double({ min: minimum, max: maximum, noNaN: true });
  if (schema.format?.startsWith("date")) return fc.constantFrom("2025-03-01", "2025-03-02T10:00:00+02:00");
  if (schema.format === "email") return often(fc.constant("ada@mail.example"), naughty);
  return often(fc.constantFrom("1", "2", "a", "none", schema.example ?? "b"), naughty);
}

const often = <T, U>(usual: fc.Arbitrary<T>, other: fc.Arbitrary<U>, weight = 4) =>
  fc.oneof({ weight, arbitrary: usual }, { weight: 1, arbitrary: other });

const mostly = (schema: Schema) => often(fitting(schema), anything, 15);

// Of the population.
const RATING = { session_id: "a", organization_id: 1, conversation_id: 9, rating: 5 };

type Sent = { params: [name: string, value: string][]; body: unknown };

/** Requests to an operation, by its own document. */
function requests({ parameters, body }: Operation): fc.Arbitrary<Sent> {
  const none = fc.constant<Sent["params"]>([]);
  const each = parameters.map(({ name, in: place, schema }) =>
    place === "path"
      ? fc.oneof(fc.constantFrom("a", "b"), naughty).map((value): Sent["params"] => [[name, value]])
      : often(
          none,
          mostly(schema).map((value): Sent["params"] => [[name, String(value)]]),
          2,
        ),
  );
  const strange = often(
    none,
    fc.tuple(naughty, naughty).map((pair): Sent["params"] => [pair]),
    15,
  );
  return fc.record({
    params: fc.tuple(...each, strange).map((found) => found.flat()),
    body: body === undefined ? fc.constant({}) : often(fitting(body), anything, 15),
  });
}

const wellFormed = (text: string) => text.toWellFormed();

function send(api: Api, { path, method, parameters }: Operation, { params, body }: Sent) {
  const inPath = new Set(parameters.filter((each) => each.in === "path").map(({ name }) => name));
  const query = new URLSearchParams(params.filter(([name]) => !inPath.has(name)));
  const place = params
    .filter(([name]) => inPath.has(name))
    // Dots alone would lead elsewhere before they are sent.
    .reduce(
      (at, [name, value]) =>
        at.replace(`{${name}}`, () => encodeURIComponent(wellFormed(value)).replaceAll(".", "%2E")),
      path,
    );
  const url = `${place}?${query}`;
  return method === "get" ? api.get(url, { accept: "*/*" }) : api.post(url, JSON.stringify(body) ?? "");
}

const problemsOf = (operation: Operation, reply: Awaited<ReturnType<typeof send>>) => [
  ...(reply.status >= 500 ? [`${reply.status}: ${reply.text}`] : []),
  ...deviations(operation, reply),
];

const named = operations.map((operation) => [`${operation.method} ${operation.path}`, operation] as const);

describe("whatever is sent, the answer is none of 500 and above, and as the document says", () => {
  test.for(named)("%s", { timeout: 120_000 }, async ([, operation], { db, serve }) => {
    await populate(db);
    const api = await serve({ settings: { limits: limits() } });

    let fine = 0;
    await fc.assert(
      fc.asyncProperty(requests(operation), async (sent) => {
        const reply = await send(api, operation, sent);
        if (reply.status < 300) fine += 1;
        expect(problemsOf(operation, reply), JSON.stringify(sent)).toEqual([]);
      }),
      {
        // No chance finds a message and its session.
        examples: operation.path === "/api/feedback" ? [[{ params: [], body: RATING }]] : [],
        numRuns: operation.parameters.length > 0 || operation.body !== undefined ? 100 : 5,
      },
    );

    // Else nothing but refusals was looked at. No code of a link is guessed.
    if (operation.path !== "/login") expect(fine).toBeGreaterThan(0);
    await expectNoDrift(db);
  });

  test.for(named.filter(([, { parameters, body }]) => parameters.length > 0 || body !== undefined))(
    "%s: every naughty string in turn, for each parameter and in each field of a body",
    { timeout: 240_000 },
    async ([, operation], { db, serve }) => {
      await populate(db);
      const api = await serve({ settings: { limits: limits() } });
      const { parameters, body } = operation;
      const first = operations.indexOf(operation);
      const others = parameters.filter((each) => each.in === "path").map(({ name }): [string, string] => [name, "a"]);
      const wrong: unknown[] = [];
      const work = NAUGHTY.map((text, index) => async () => {
        // Another parameter for each, and another for each operation: together they have them all.
        const parameter = parameters[(first + index) % parameters.length]?.name;
        const params = new Map([...others, ...(parameter === undefined ? [] : [[parameter, text] as const])]);
        const fields = Object.entries(body?.properties ?? {}).map(([name, schema]) => [name, filled(schema, text)]);
        const sent = { params: [...params], body: Object.fromEntries(fields) };
        const found = problemsOf(operation, await send(api, operation, sent));
        if (found.length > 0) wrong.push({ sent, found });
      });
      await inTurn(work, 8);

      expect(wrong).toEqual([]);
      await expectNoDrift(db);
    },
  );
});

// The string wherever one may stand, else what fits; an id of these tables is a number.
function filled(schema: Schema, text: string): unknown {
  if (schema.anyOf !== undefined) return 1;
  if (typeof schema.additionalProperties === "object") return { [text]: text };
  if (schema.format === "email") return "ada@mail.example";
  return schema.type === "string" ? text : (schema.minimum ?? 0);
}

async function inTurn(work: (() => Promise<void>)[], atOnce: number): Promise<void> {
  const waiting = work.values();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (const each of waiting) await each();
    }),
  );
}

describe("whatever stands in headers", () => {
  const plain = NAUGHTY.filter((text) => /^[\x20-\x7e]+$/.test(text) && text.trim() === text);

  test.for(["authorization", "cookie", "origin", "x-request-id", "x-forwarded-for", "if-none-match", "accept"])(
    "%s",
    { timeout: 60_000 },
    async (name, { db, serve }) => {
      const api = await serve({ settings: { limits: limits(), trustProxy: 1 } });
      const wrong: unknown[] = [];
      await inTurn(
        plain.map((text) => async () => {
          const value = name === "cookie" ? `conversation_metrics_session=${text}` : text;
          const replies = [
            await api.get("/api/session", { [name]: value }),
            await api.post("/api/leads", { session_id: "s", name: "Ada" }, { [name]: value }),
          ];
          if (replies.some(({ status }) => status >= 500)) wrong.push(text);
        }),
        4,
      );

      expect(wrong).toEqual([]);
      await expectNoDrift(db);
    },
  );
});
