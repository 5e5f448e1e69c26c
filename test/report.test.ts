import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect } from "vitest";
import type { Sql } from "../src/database.ts";
import { firstDay, lastMonth, thisMonth } from "../src/report/month.ts";
import { cli } from "./support/cli.ts";
import { test as base } from "./support/database.ts";
import { migrated } from "./support/migrated.ts";
import { expectNoDrift } from "./support/oracle.ts";

const test = base.extend("folder", async ({}, { onCleanup }) => {
  const folder = await mkdtemp(join(tmpdir(), "report "));
  onCleanup(() => rm(folder, { recursive: true, force: true }));
  return folder;
});

/** Two conversations of organization 7 in Berlin's March, one of which is not in UTC's; others around them. */
const write = (db: Sql) => db`
  insert into conversations (organization_id, session_id, message, response, model, prompt_tokens, completion_tokens,
    created_at, responded_at)
  select o, s, 'q', 'a', m, 1000000, 0, t::timestamptz, t::timestamptz + interval '2 s'
  from (values
    (7, 'first', 'gpt-4o', '2026-02-28 23:30+00'), (7, 'second', '<b>own & model</b>', '2026-03-10 09:00+00'),
    (7, 'later', 'gpt-4o', '2026-03-31 22:30+00'), (8, 'other', 'gpt-4o', '2026-03-10 09:00+00')) as v (o, s, m, t)`;

const OF_MARCH = ["--month", "2026-03", "--organization", "7", "--time-zone", "Europe/Berlin"];

describe("report", () => {
  test("as CSV has a line for each day of the month, with the figures of the SQL reports", async ({
    db,
    url,
    folder,
  }) => {
    await write(db);
    await db`insert into leads (organization_id, session_id, email) values (7, 'second', 'a@b.example')`;
    const out = join(folder, "march.csv");

    const { code, stderr } = await cli(["report", "--out", out, ...OF_MARCH], { url });
    const [head = "", ...lines] = (await readFile(out, "utf8")).trim().split("\n");

    expect([code, stderr]).toEqual([0, `Written: ${out}\n`]);
    expect(head).toMatch(/^day,conversations,messages,total_tokens,estimated_messages,cost,leads/);
    expect(lines).toHaveLength(31);
    expect(lines[0]).toMatch(/^2026-03-01,1,2,1000000,0,2\.5\d*,0,/);
    expect(lines[9]).toMatch(/^2026-03-10,1,2,1000000,0,,1,1,/);
    expect(lines[30]).toMatch(/^2026-03-31,0,0,0,0,0,0,/);
    await expectNoDrift(db);
  });

  test("as HTML is one file without script, from nowhere else, and shows names as they are written", async ({
    db,
    url,
    folder,
  }) => {
    await write(db);
    const out = join(folder, "march.html");

    const { code } = await cli(["report", "--out", out, ...OF_MARCH], { url });
    const html = await readFile(out, "utf8");

    expect(code).toBe(0);
    expect(html).toContain("<h1>March 2026</h1>");
    expect(html).toContain("Organization 7. Conversations that began in this month, by the clocks of Europe/Berlin.");
    expect(html).toContain("<strong>2</strong>");
    expect(html).toContain("&#60;b&#62;own &#38; model&#60;/b&#62;");
    expect(html).toContain("1,000,000 tokens have no price");
    expect(html).not.toMatch(/<script|<b>own|src=|https?:/);
  });

  test("as HTML shows an organization as it is called", async ({ bareDb, bareUrl, folder }) => {
    await migrated(
      { bareDb, bareUrl },
      "create table conversations (id bigint primary key, organization_id text, session_id text, message text, created_at timestamptz)",
    );
    const out = join(folder, "named.html");

    await cli(["report", "--out", out, "--month", "2026-03", "--organization", "<b>A & B</b>"], { url: bareUrl });
    const html = await readFile(out, "utf8");

    expect(html).not.toContain("<b>");
    expect(html).toContain("<p>Organization &#60;b&#62;A &#38; B&#60;/b&#62;.");
  });

  test("as PDF is one, also of nothing", async ({ url, folder }) => {
    const out = join(folder, "empty.pdf");

    const { code } = await cli(["report", "--out", out, "--month", "2026-02"], { url });
    const bytes = await readFile(out);

    expect(code).toBe(0);
    expect(bytes.subarray(0, 5).toString()).toBe("%PDF-");
    expect(bytes.subarray(-6).toString()).toContain("%%EOF");
  });

  test("goes to stdout, of the month that ended last unless told", async ({ url }) => {
    const { code, stdout } = await cli(["report", "--out", "-", "--format", "csv", "--organization", "none"], { url });

    expect(code).toBe(0);
    expect(stdout.split("\n")[1]).toMatch(new RegExp(`^${firstDay(lastMonth("UTC"))},0,`));
  });

  test.for([
    [["--out", "x.doc"], /hint: End it in \.html, \.pdf or \.csv/],
    [["--out", "/nonexistent/x.csv"], /cannot be written \(ENOENT\)/],
    [["--out", "-", "--format", "csv", "--month", "2026-13"], /It must look like 2026-10/],
    [["--out", "-", "--format", "csv", "--time-zone", "Mars/Olympus"], /a time zone like Europe/],
    [
      ["--out", "-", "--format", "csv", "--month", "2099-01"],
      /January 2099 has not begun .*UTC\.\nhint: The latest month is /,
    ],
    [["--out", "-", "--format", "csv", "--source", "nowhere"], /no source named nowhere: there is only default/],
  ] as const)("refuses %j, and says what is wrong", async ([args, why], { url }) => {
    const { code, stderr } = await cli(["report", ...args], { url });

    expect(code).not.toBe(0);
    expect(stderr).toMatch(why);
  });
});

describe("the month that ended last", () => {
  test("is that of the zone's clocks", () => {
    const midnight = new Date("2026-01-31T23:30:00Z");

    expect(lastMonth("UTC", midnight)).toBe("2025-12");
    expect(lastMonth("Europe/Berlin", midnight)).toBe("2026-01");
    expect([thisMonth("UTC", midnight), thisMonth("Europe/Berlin", midnight)]).toEqual(["2026-01", "2026-02"]);
    expect(firstDay("2025-12", 1)).toBe("2026-01-01");
  });
});
