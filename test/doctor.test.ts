import { expect } from "vitest";
import { test } from "./support/database.ts";
import { expectNoDrift } from "./support/oracle.ts";
import { populate } from "./support/population.ts";

test("doctor finds nothing wrong in a database in use", async ({ db }) => {
  await populate(db);

  expect([...(await db`select check_name, finding from metrics.doctor() where not ok`)]).toEqual([]);
});

test.for([
  ["conversations", "alter table conversations rename column message to body", "source.message"],
  ["leads", "alter table leads rename column company to firm", "source.company"],
  ["feedback", "alter table feedback rename column rating to stars", "source.rating"],
] as const)("doctor finds a renamed column of %s, with the cure", async ([table, rename, column], { db }) => {
  await db.unsafe(rename);

  expect([...(await db`select check_name, finding, cure from metrics.doctor() where not ok`)]).toEqual([
    {
      check_name: "columns",
      finding: expect.stringMatching(`${table}: column ${column} does not exist`),
      cure: expect.stringContaining("Rename the column back"),
    },
  ]);
});

test("doctor finds leads and feedback that name a session, but not its organization", async ({ db }) => {
  const found = async () =>
    (await db`select finding from metrics.doctor() where check_name = 'leads and feedback'`)[0]?.finding;
  await db`insert into conversations (organization_id, session_id, message) values
    (1, 's', 'hi'), (null, 'open', 'hi'), (1, 'both', 'hi'), (null, 'both', 'hi')`;
  await db`insert into leads (organization_id, session_id, name) values (1, 's', 'Ann'), (null, 'open', 'Ben'), (null, 'later', 'Cy'), (null, 'both', 'Di')`;
  const before = await found();
  await db`insert into leads (session_id, name) values ('s', 'Dee'), ('s', 'Eve')`;
  await db`insert into feedback (session_id, rating) values ('s', 5)`;

  expect(before).toBe("none names a session of an organization without naming that");
  expect(await found()).toMatch(/^rows of leads \(2\) and feedback \(1\) name a session of an organization, but not/);
  await expectNoDrift(db);
});

test("doctor finds a session with and without an organization, also where one of them is archived", async ({ db }) => {
  const found = async () => {
    const [row] = await db`select finding from metrics.doctor() where check_name = 'duplicates'`;
    return row?.finding;
  };
  await db`
    insert into conversations (organization_id, session_id, message, prompt_tokens, created_at) values
      (1, 's', 'hello', 1, now() - interval '9 days'), (null, 's', 'hello', 1, now())`;

  const before = await found();
  await db`insert into metrics.archive_rules (is_default, archive_after) values (true, '1 day')`;
  await db`select metrics.archive_sessions(10)`;

  expect(before).toMatch(/^1 session id appears both/);
  expect(await db`select organization_id from conversation_metrics_archive`).toEqual([{ organization_id: "1" }]);
  expect(await found()).toBe(before);
  await expectNoDrift(db);
});
