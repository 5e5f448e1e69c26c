import { expect } from "vitest";
import { test } from "./support/database.ts";

const NO_ZONES = [
  "Europe/Berln",
  "Europe/Berlin1",
  "UTC+2",
  "IST",
  "+05:30",
  "",
  "Etc/GMT+99",
  "Foo5Bar",
  "../UTC",
  "'",
];

test.for([
  ...NO_ZONES.map((zone) => [`report_summary(report_filter(time_zone => $1))`, zone, /no time zone named/] as const),
  ["report_filter(from_time => $1, to_time => '2025-01-01')", "2025-01-02", /from_time .* is after to_time/],
  ["report_filter(from_time => $1)", "1800-01-01", /from 1900 to 2200/],
  ["report_filter(min_tokens => $1, max_tokens => 1)", "2", /min_tokens \(2\) is above/],
  ["report_filter(max_tokens => $1)", "-1", /cannot be negative/],
  ["report_filter(min_satisfaction => $1)", "0.5", /from 1 to 5/],
  ["report_filter(max_satisfaction => $1)", "NaN", /from 1 to 5/],
  ["report_filter(min_satisfaction => $1, max_satisfaction => 2)", "3", /is above/],
  ["report_filter(organization => $1, no_organization => true)", "1", /exclude each other/],
  ["report_filter(to_time => $1)", "2200-01-02", /from 1900 to 2200/],
  ["report_filter(min_tokens => $1)", "-1", /cannot be negative/],
  ["report_filter(min_satisfaction => $1)", "5.5", /from 1 to 5/],
  ["report_filter(weekday => $1)", "0", /weekday is from 1 to 7/],
  ["report_filter(weekday => $1)", "8", /weekday is from 1 to 7/],
  ["report_filter(hour => $1)", "-1", /hour from 0 to 23/],
  ["report_filter(hour => $1)", "24", /hour from 0 to 23/],
  ["report_tokens(split_by => $1)", "model_day", /cannot be split by/],
  ["report_summary(report_filter(source => $1))", "nowhere", /no source named "nowhere"/],
  ["report_tokens(report_filter(source => $1))", "nowhere", /no source named "nowhere"/],
  ["report_conversations(page_size => $1)", "-1", /page_size cannot be -1/],
  ["report_conversations(sort => $1)", "total_tokens; drop table leads", /cannot be sorted by/],
  ["report_conversations(sort => $1)", "session_key", /cannot be sorted by/],
  ["report_conversations(after => $1)", "50", /no cursor/],
  [
    "report_conversations(after => $1)",
    '["total_tokens", true, "1", "00000000-0000-0000-0000-000000000000"]',
    /another order/,
  ],
  [
    "report_conversations(descending => false, after => $1)",
    '["conversation_start", true, null, "00000000-0000-0000-0000-000000000000"]',
    /another order/,
  ],
  ["report_tokens(split_by => $1)", "m.session_id", /cannot be split by/],
  ["report_leads(split_by => $1)", "model", /cannot be split by/],
  ["report_tokens(prices => $1)", "cheap", /prices cannot be/],
  ["report_tokens(currency => $1)", "Euro", /is no currency/],
  [
    "report_tokens(what_if => $1::text::jsonb)",
    '{"gpt-4o": {"prompt": "1"}}',
    /no list of prices|not a list of prices/,
  ],
  ["report_tokens(what_if => $1::text::jsonb)", '{"gpt-4o": {"prompt": -1, "completion": 1}}', /not a list of prices/],
  ["report_tokens(what_if => $1::text::jsonb)", '{"gpt-4o": {"prompt": 1, "completion": -1}}', /not a list of prices/],
  ["report_tokens(what_if => $1::text::jsonb)", '{"gpt-4o": {"prompt": 1}}', /not a list of prices/],
  ["report_leads(what_if => $1::text::jsonb)", '{"gpt-4o": {"prompt": 1, "completion": -1}}', /not a list of prices/],
  ["report_model_days(currency => $1)", "Euro", /is no currency/],
  ["report_tokens(what_if => $1::text::jsonb)", "[]", /not a list of prices/],
  ["report_daily(report_filter(from_time => $1, to_time => '2199-01-01'))", "1900-01-01", /more than 40,000 days/],
] as const)("select from %s with %j is refused, with a hint", async ([call, value, message], { db }) => {
  const refused = db.unsafe(`select * from ${call}`, [value]);

  await expect(refused).rejects.toMatchObject({
    message: expect.stringMatching(message),
    hint: expect.stringMatching(/./),
  });
});

test("a filter that was not made by its function is checked by every report", async ({ db }) => {
  const made =
    "row(null, '2025-02-01', '2025-01-01', 'UTC', null, null, null, null, null, null, null, 'default', false, null, null)::report_filter";
  const reports = await db<{ name: string }[]>`
    select proname as name from pg_proc
    where pronamespace = 'public'::regnamespace and starts_with(proname, 'report_') and proname not in ('report_filter', 'report_sessions')`;

  expect(reports).toHaveLength(11);
  for (const { name } of reports) {
    await expect(db.unsafe(`select * from ${name}(${made})`), name).rejects.toThrow("is after to_time");
  }
});
