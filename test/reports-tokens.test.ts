import { describe, expect } from "vitest";
import { test as base } from "./support/database.ts";
import { random, runSeed } from "./support/generators/prng.ts";
import { expectNoDrift } from "./support/oracle.ts";
import { addDays, clocks, startOfDay } from "./support/reports/clocks.ts";
import {
  type Conversation,
  type Exchange,
  makeConversations,
  writeAndArchive,
} from "./support/reports/conversations.ts";
import { completionTokens, messagesOf, promptTokens, startOf, sum } from "./support/reports/expected.ts";
import { filterSql, iso, type Row, read } from "./support/reports/read.ts";

const seed = runSeed();
const CHANGE = Date.UTC(2025, 2, 31, 12);

const conversations: Conversation[] = [
  ...makeConversations(random(seed), 400),
  // One that began before a price changed and went on after it.
  {
    organization: 1,
    session: "across",
    widget: 10,
    user: null,
    exchanges: [CHANGE - 1, CHANGE, CHANGE + 1].map((createdAt) => ({
      message: "q",
      response: "a",
      model: "gpt-4o",
      promptTokens: 1234,
      completionTokens: 567,
      createdAt,
      respondedAt: null,
    })),
    leads: [],
    ratings: [],
  },
];
console.log(`Reports on tokens: RANDOM_SEED=${seed}`);

// In hundredths, as whole numbers: what follows is exact.
const price = (model: string | null, at: number): [number, number] | undefined => {
  const name = model?.toLowerCase().replace(/^.*\//, "");
  if (name === "gpt-4o") return at < CHANGE ? [250, 1000] : [100, 300];
  if (name === "gpt-4o-mini") return [15, 60];
  if (name === "gpt-4.1") return at < Date.UTC(2025, 3, 14) ? undefined : [200, 800];
  return undefined;
};

const ZONE = "Europe/Berlin";
const [FROM, TO] = [startOfDay("2025-03-28", ZONE), startOfDay("2025-04-04", ZONE)];
const BEFORE = startOfDay("2025-03-21", ZONE);
const FILTER = filterSql({ from_time: iso(FROM), to_time: iso(TO), time_zone: ZONE });

const within = (from: number, to: number) => (c: Conversation) => startOf(c) >= from && startOf(c) < to;
const dayOf = (c: Conversation) => clocks(startOf(c), ZONE).day;

const test = base.extend("written", async ({ db }) => {
  await writeAndArchive(db, conversations);
  await db`insert into metrics.model_prices (model, valid_from, prompt_price, completion_price)
    values ('gpt-4o', ${new Date(CHANGE)}, 1, 3)`;
  return db;
});

type Price = (exchange: Exchange) => [number, number] | undefined;
const charged: Price = (e) => price(e.model, e.createdAt);

/** The exact decimal of so many hundredths of a millionth. */
const decimal = (units: bigint) => `${units / 10n ** 8n}.${String(units % 10n ** 8n).padStart(8, "0")}`;

const usage = (exchanges: Exchange[], priceOf: Price = charged) => {
  const priced = exchanges.flatMap((e) => {
    const found = priceOf(e);
    return found ? [BigInt(promptTokens(e) * found[0] + completionTokens(e) * found[1])] : [];
  });
  const unpriced = exchanges.filter((e) => !priceOf(e));
  return {
    messages: sum(exchanges.map(messagesOf)),
    prompt_tokens: sum(exchanges.map(promptTokens)),
    completion_tokens: sum(exchanges.map(completionTokens)),
    cost: priced.length === 0 && exchanges.length > 0 ? null : decimal(priced.reduce((a, b) => a + b, 0n)),
    unpriced_messages: sum(unpriced.map(messagesOf)),
    unpriced_tokens: sum(unpriced.map((e) => promptTokens(e) + completionTokens(e))),
  };
};

// Costs as texts: a number of JSON would hide how exact they are.
const COLUMNS =
  "key, messages, prompt_tokens, completion_tokens, cost::numeric(30, 8)::text as cost, unpriced_messages, unpriced_tokens";
const byKey = (a: Row, b: Row) => (String(a.key) < String(b.key) ? -1 : 1);

describe("report_tokens", () => {
  const SPLITS: [string, (c: Conversation, e: Exchange) => string | null][] = [
    ["model", (_c, e) => e.model],
    ["widget", (c) => (c.widget === null ? null : String(c.widget))],
    ["day", (c) => dayOf(c)],
    ["total", () => null],
  ];
  test.for(SPLITS)(
    "by %s has tokens and costs of the time of each message, and what has no price apart",
    async ([split, keyOf], { written }) => {
      const pairs = conversations
        .filter(within(FROM, TO))
        .flatMap((c) => c.exchanges.map((e): [string | null, Exchange] => [keyOf(c, e), e]));
      const groups = Map.groupBy(pairs, ([key]) => key);
      if (split === "day")
        for (let n = 0; n < 7; n++) groups.set(addDays("2025-03-28", n), groups.get(addDays("2025-03-28", n)) ?? []);

      const rows = await read(written, `select ${COLUMNS} from report_tokens(${FILTER}, '${split}')`);

      const expected = [...groups].map(([key, found]) => ({ key, ...usage(found.map(([, e]) => e)) }));
      expect(rows.toSorted(byKey)).toEqual(expected.toSorted(byKey));
      await expectNoDrift(written);
    },
  );

  test("adds up to the summary, by where the counts come from", async ({ written }) => {
    const rows = await read(
      written,
      `select sum(t.total_tokens) = min(s.total_tokens) as total, sum(t.messages) = min(s.messages) as messages,
         bool_and(t.estimated_tokens + t.counted_tokens + t.reported_tokens = t.total_tokens) as sources,
         sum(t.previous_total_tokens) = min(s.previous_total_tokens) as previous, sum(t.reported_tokens) as reported
       from report_tokens(${FILTER}, 'widget') t, report_summary(${FILTER}) s`,
    );

    const reported = sum(
      conversations
        .filter(within(FROM, TO))
        .flatMap((c) => c.exchanges.map((e) => (e.promptTokens ?? 0) + (e.completionTokens ?? 0))),
    );
    expect(rows).toEqual([{ total: true, messages: true, sources: true, previous: true, reported }]);
  });

  test("has the previous period beside it", async ({ written }) => {
    const [row] = await read(
      written,
      `select previous_messages, previous_cost::numeric(30, 8)::text, previous_unpriced_tokens from report_tokens(${FILTER}, 'total')`,
    );

    const expected = usage(conversations.filter(within(BEFORE, FROM)).flatMap((c) => c.exchanges));
    expect(row).toEqual({
      previous_messages: expected.messages,
      previous_cost: expected.cost,
      previous_unpriced_tokens: expected.unpriced_tokens,
    });
  });

  test("at today's prices takes the latest ones for every message", async ({ written }) => {
    const [row] = await read(written, `select ${COLUMNS} from report_tokens(${FILTER}, 'total', prices => 'today')`);

    const exchanges = conversations.filter(within(FROM, TO)).flatMap((c) => c.exchanges);
    expect(row).toEqual({ key: null, ...usage(exchanges, (e) => price(e.model, Date.UTC(2026, 0))) });
  });

  test("at what-if prices takes those by exact name, then by the longest prefix, and the list for all others", async ({
    written,
  }) => {
    const whatIf = {
      "house-1": { prompt: 1, completion: 2 },
      "gpt-*": { prompt: 9, completion: 9 },
      "gpt-4*": { prompt: 4, completion: 5 },
    };
    const [row] = await read(
      written,
      `select ${COLUMNS} from report_tokens(${FILTER}, 'total', what_if => '${JSON.stringify(whatIf)}')`,
    );

    const supposed: Price = (e) => {
      const name = e.model?.toLowerCase().replace(/^.*\//, "");
      if (name === "house-1") return [100, 200];
      return name?.startsWith("gpt-4") ? [400, 500] : undefined;
    };
    const exchanges = conversations.filter(within(FROM, TO)).flatMap((c) => c.exchanges);
    expect(row).toEqual({ key: null, ...usage(exchanges, supposed) });
  });

  test("takes the largest usage that a row can report", async ({ db }) => {
    await db`insert into conversations (session_id, message, response, prompt_tokens, completion_tokens, created_at)
      values ('s', 'q', 'a', 2147483647, 2147483647, '2025-06-01Z')`;

    for (const report of [
      "report_tokens()",
      "report_tokens(split_by => 'day')",
      "report_model_days()",
      "report_leads()",
    ])
      expect(await read(db, `select count(*)::integer as rows from ${report}`), report).toEqual([{ rows: 1 }]);
    expect(await read(db, "select total_tokens::text, reported_tokens::text from report_tokens()")).toEqual([
      { total_tokens: "4294967294", reported_tokens: "4294967294" },
    ]);
    expect(await read(db, "select total_tokens::text from report_hours()")).toContainEqual({
      total_tokens: "4294967294",
    });
    await expectNoDrift(db);
  });

  test("prices a model by its name behind any path of providers", async ({ db }) => {
    await db`insert into conversations (session_id, message, model, prompt_tokens, created_at)
      select 's', 'q', model, 1000000, '2025-06-01Z' from unnest(array['gpt-4o', 'openrouter/openai/GPT-4o', 'a/b/c/gpt-4o', 'gpt-4o/mine']) as model`;

    const rows = await read(db, "select key, cost::numeric(10, 2)::text as cost from report_tokens()");

    expect(rows.toSorted(byKey)).toEqual([
      { key: "a/b/c/gpt-4o", cost: "2.50" },
      { key: "gpt-4o", cost: "2.50" },
      { key: "gpt-4o/mine", cost: null },
      { key: "openrouter/openai/GPT-4o", cost: "2.50" },
    ]);
    await expectNoDrift(db);
  });

  test("charges no price that is still to come, also not for rows without a time or ahead of time", async ({ db }) => {
    await db`insert into metrics.model_prices (model, valid_from, prompt_price, completion_price) values
      ('ours', '-infinity', 1, 1), ('ours', now() - interval '1 day', 2, 2), ('ours', now() + interval '1 day', 50, 50)`;
    await db`insert into conversations (session_id, message, model, prompt_tokens, created_at) values
      ('known', 'q', 'ours', 1000000, now() - interval '2 days'),
      ('ahead', 'q', 'ours', 1000000, now() + interval '2 days'), ('never', 'q', 'ours', 1000000, 'infinity')`;

    const charged = await read(db, "select cost::numeric(10, 2)::text as cost from report_tokens(split_by => 'total')");
    const today = await read(
      db,
      "select cost::numeric(10, 2)::text as cost from report_tokens(split_by => 'total', prices => 'today')",
    );

    expect([charged, today]).toEqual([[{ cost: "5.00" }], [{ cost: "6.00" }]]);
    await expectNoDrift(db);
  });

  test("in another currency knows only the prices in it", async ({ written }) => {
    await written`insert into metrics.model_prices (model, is_prefix, prompt_price, completion_price, currency)
      values ('house-', true, 7, 8, 'EUR')`;

    const [row] = await read(written, `select ${COLUMNS} from report_tokens(${FILTER}, 'total', currency => 'EUR')`);

    const exchanges = conversations.filter(within(FROM, TO)).flatMap((c) => c.exchanges);
    expect(row).toEqual({ key: null, ...usage(exchanges, (e) => (e.model === "house-1" ? [700, 800] : undefined)) });
  });
});

describe("report_model_days", () => {
  test("has each day and model with its tokens and costs, and adds up to the models and the days", async ({
    written,
  }) => {
    const pairs = conversations
      .filter(within(FROM, TO))
      .flatMap((c) => c.exchanges.map((e): [string, Exchange] => [JSON.stringify([dayOf(c), e.model]), e]));
    const expected = [...Map.groupBy(pairs, ([key]) => key)].map(([key, found]) => ({
      key,
      ...usage(found.map(([, e]) => e)),
    }));

    const rows = await read(written, `select day, model as key, ${COLUMNS.slice(4)} from report_model_days(${FILTER})`);

    const found = rows.map(({ day, key, ...rest }) => ({ key: JSON.stringify([day, key]), ...rest }));
    expect(found.toSorted(byKey)).toEqual(expected.toSorted(byKey));
    await expectNoDrift(written);
  });
});

describe("report_leads", () => {
  const SPLITS: [string, (c: Conversation) => string | null][] = [
    ["total", () => null],
    ["widget", (c) => (c.widget === null ? null : String(c.widget))],
    ["day", dayOf],
  ];
  test.for(SPLITS)("by %s has leads, their share and their cost", async ([split, keyOf], { written }) => {
    const groups = Map.groupBy(conversations.filter(within(FROM, TO)), keyOf);
    if (split === "day")
      for (let n = 0; n < 7; n++) groups.set(addDays("2025-03-28", n), groups.get(addDays("2025-03-28", n)) ?? []);

    const rows = await read(
      written,
      `select key, conversations, converted_conversations, conversion_rate::text, leads, leads_with_email,
         cost::numeric(30, 8)::text as cost, cost_per_lead = round(cost / nullif(leads, 0), 6) as divides, unpriced_messages, unpriced_tokens
       from report_leads(${FILTER}, '${split}')`,
    );

    const expected = [...groups].map(([key, chosen]) => {
      const converted = chosen.filter((c) => c.leads.length > 0).length;
      const leads = chosen.flatMap((c) => c.leads);
      const { cost, unpriced_messages, unpriced_tokens } = usage(chosen.flatMap((c) => c.exchanges));
      return {
        key,
        conversations: chosen.length,
        converted_conversations: converted,
        // In ten-thousandths.
        conversion_rate: chosen.length === 0 ? null : String(Math.round((converted * 10_000) / chosen.length)),
        leads: leads.length,
        leads_with_email: leads.filter(({ email }) => email).length,
        cost,
        divides: leads.length === 0 || cost === null ? null : true,
        unpriced_messages,
        unpriced_tokens,
      };
    });
    const inTenThousandths = (row: Row): Row => ({
      ...row,
      conversion_rate: row.conversion_rate === null ? null : String(Math.round(Number(row.conversion_rate) * 10_000)),
    });
    expect(rows.map(inTenThousandths).toSorted(byKey)).toEqual(expected.toSorted(byKey));
    await expectNoDrift(written);
  });

  test.for(SPLITS)("by %s has the previous period beside it", async ([split, keyOf], { written }) => {
    const days = split === "day" ? 7 : 0;
    const likeOf = (c: Conversation) => (days > 0 ? addDays(dayOf(c), days) : keyOf(c));
    const groups = Map.groupBy(conversations.filter(within(BEFORE, FROM)), likeOf);

    const rows = await read(
      written,
      `select key, previous_conversations, previous_converted_conversations, previous_conversion_rate::float8 as rate,
         previous_leads, previous_leads_with_email, previous_cost_per_lead::float8 as cost_per_lead
       from report_leads(${FILTER}, '${split}')`,
    );

    expect(rows.length).toBeGreaterThanOrEqual(groups.size);
    for (const row of rows) {
      const chosen = groups.get(row.key === null ? null : String(row.key)) ?? [];
      const leads = chosen.flatMap((c) => c.leads);
      const { cost } = usage(chosen.flatMap((c) => c.exchanges));
      const converted = chosen.filter((c) => c.leads.length > 0).length;
      expect(row).toEqual({
        key: row.key,
        previous_conversations: chosen.length,
        previous_converted_conversations: converted,
        rate: chosen.length === 0 ? null : expect.closeTo(converted / chosen.length, 3),
        previous_leads: leads.length,
        previous_leads_with_email: leads.filter(({ email }) => email).length,
        cost_per_lead: leads.length === 0 || cost === null ? null : expect.closeTo(Number(cost) / leads.length, 5),
      });
    }
    await expectNoDrift(written);
  });

  test("of conversations without a message cost nothing, now and before", async ({ db }) => {
    await db`insert into conversations (session_id, role, message, created_at)
      values ('now', 'system', 'Be kind.', '2025-04-02Z'), ('before', 'system', 'Be kind.', '2025-04-01Z')`;
    await db`insert into leads (session_id, email) values ('now', 'a@mail.example'), ('before', 'b@mail.example')`;

    const rows = await read(
      db,
      `select leads, cost::float8 as cost, cost_per_lead::float8 as cost_per_lead, previous_cost_per_lead::float8 as previous
       from report_leads(report_filter(from_time => '2025-04-02Z', to_time => '2025-04-03Z'))`,
    );

    expect(rows).toEqual([{ leads: 1, cost: 0, cost_per_lead: 0, previous: 0 }]);
    await expectNoDrift(db);
  });
});
