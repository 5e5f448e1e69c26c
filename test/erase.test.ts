import { describe, expect } from "vitest";
import type { Sql } from "../src/database.ts";
import { cli } from "./support/cli.ts";
import { test } from "./support/database.ts";
import { migrated } from "./support/migrated.ts";
import { expectNoDrift } from "./support/oracle.ts";
import { SUPPORT } from "./support/tenants.ts";
import { tracesOf } from "./support/traces.ts";

const ADA = "ada@mail.example";

const write = (db: Sql) =>
  db.unsafe(`
    insert into conversations (organization_id, session_id, user_id, message, response) values
      (1, 'a', 42, 'Hello, this is Ada', 'Hello!'), (1, 'a', null, 'My address is Ada@Mail.example.', 'Thank you'),
      (2, 'a', 43, 'Hi', 'Hello!'), (1, 'b', 44, 'Write to nada@mail.example or ada@mail.example.com', 'Hello!'),
      (null, 'c', 42, 'Hi', 'Hello!');
    insert into leads (organization_id, session_id, user_id, name, email, phone, company, custom_fields) values
      (1, 'a', 42, 'Ada Schmidt', '${ADA}', '+49 1', 'Schmidt & Co', '{"room": 7}'),
      (2, 'a', null, 'Ada S.', ' ADA@mail.EXAMPLE ', null, null, '{}'),
      (1, 'b', null, 'Nada', 'nada@mail.example', '+49 2', 'Other', '{"note": "ada@mail.example.com"}'),
      (1, 'before', null, 'Somebody', null, null, null, '{"mail": "ada@mail.example"}');
    insert into feedback (organization_id, session_id, rating, feedback_text) values
      (1, 'a', 5, 'call me'), (1, 'b', 2, 'bad'), (1, 'b', 2, 'I am ada@mail.example');
    insert into metrics.failed_rows (kind, row_id, error) values ('leads', '9', 'invalid value "ada@mail.example"');
    insert into metrics.token_retries (conversation_id, retry_at, error) select id, 'infinity', 'no: ADA@mail.example' from conversations limit 1;
    insert into metrics.checks (sessions, drifted, healed, details) values (1, 1, 1, '[{"session_id": "${ADA}"}]')`);

// All that is said of sessions, but for whose they are.
const numbers = async (db: Sql) => {
  const rows = await db`select to_jsonb(m) - '{lead_name,lead_email,lead_company,user_id,updated_at}'::text[] as row
    from conversation_metrics as m order by session_key`;
  return rows.map(({ row }) => row);
};

type Finding = { item: string; number: string; erased: boolean; to_do: string | null };
const erase = (db: Sql, given: string) =>
  db.unsafe<Finding[]>(`select item, number, erased, to_do from metrics.erase_person(${given})`);
const counts = (found: Finding[]) => Object.fromEntries(found.map(({ item, number }) => [item, Number(number)]));

describe("erasing by e-mail", () => {
  test("leaves no trace of it but in texts, which the statements that it gives erase; every number stays", async ({
    db,
  }) => {
    await write(db);
    const before = await numbers(db);

    const found = await erase(db, `'${ADA}'`);

    expect(counts(found)).toEqual({
      leads: 3,
      "errors and findings that quote it": 3,
      "messages with a text": 3,
      "feedback with a text": 2,
      "users called by it": 0,
      "sessions called by it": 0,
    });
    expect(await numbers(db)).toEqual(before);
    expect(await tracesOf(db, "Schmidt")).toEqual([]);
    const leads = await db`select name, email, phone, company, custom_fields from leads order by id`;
    const erased = { name: null, email: null, phone: null, company: null, custom_fields: {} };
    const nada = { name: "Nada", email: "nada@mail.example", phone: "+49 2", company: "Other" };
    expect([...leads]).toEqual([erased, erased, { ...nada, custom_fields: { note: "ada@mail.example.com" } }, erased]);
    const [ledger] = await db`select count(email) as n from metrics.leads`;
    expect(ledger?.n).toBe("1");
    await expectNoDrift(db);

    for (const { to_do } of found) if (to_do !== null) await db.unsafe(to_do.replace(/^[^:]*: /, ""));
    await db`update leads set email = null, custom_fields = '{}' where name = 'Nada'`;
    await db`update conversations set message = 'hi' where session_id = 'b'`;
    expect(await tracesOf(db, ADA)).toEqual([]);
    const [session] =
      await db`select user_messages, ai_messages, has_lead from conversation_metrics where organization_id = 2`;
    expect(session).toEqual({ user_messages: 1, ai_messages: 1, has_lead: true });
    expect(counts(await erase(db, `'${ADA}'`))).toEqual({
      leads: 0,
      "errors and findings that quote it": 0,
      "messages with a text": 0,
      "feedback with a text": 0,
      "users called by it": 0,
      "sessions called by it": 0,
    });
    await expectNoDrift(db);
  });

  test("keeps to the organization that is named", async ({ db }) => {
    await write(db);

    const found = await erase(db, `'${ADA}', organization => '2'`);
    const none = await erase(db, `'${ADA}', no_organization => true`);

    expect(counts(found)).toMatchObject({ leads: 1, "messages with a text": 1, "feedback with a text": 0 });
    expect(counts(none)).toMatchObject({ leads: 0, "messages with a text": 0 });
    expect(await db`select from leads where email is null`).toHaveLength(2);
    await expectNoDrift(db);
  });

  test("heals what kept the address in spite of the triggers", async ({ db }) => {
    await write(db);
    await db`update leads set email = 'other@mail.example' where id = 3`;
    await db.unsafe(`set session_replication_role = replica; update leads set email = null, name = null, custom_fields = '{}'
      where id = 1; delete from leads where id = 2; set session_replication_role = origin`);

    await erase(db, `'${ADA}'`);

    expect(await tracesOf(db, "Ada S")).toEqual([]);
    expect(await tracesOf(db, ADA)).toEqual(["conversations", "feedback", "leads"]);
    expect(await db`select from metrics.leads where email is not null`).toHaveLength(1);
    await expectNoDrift(db);
  });

  test("reaches metrics rows that are kept in other tables of ours", async ({ db }) => {
    await write(db);
    await db.unsafe("create table metrics.kept as select * from conversation_metrics");

    const looked = await erase(db, `'${ADA}', user_id => '42', organization => '1', dry_run => true`);
    const found = await erase(db, `'${ADA}', user_id => '42', organization => '1'`);
    const none = await erase(db, `'${ADA}', user_id => '43', no_organization => true`);
    const rest = await erase(db, `'${ADA}'`);

    expect(counts(none)).not.toHaveProperty("sessions that are kept elsewhere");
    expect(counts(looked)).toMatchObject({ "sessions that are kept elsewhere": 2 });
    expect(counts(found)).toMatchObject({ "sessions that are kept elsewhere": 2 });
    expect(counts(rest)).toMatchObject({ "sessions that are kept elsewhere": 1 });
    expect([
      ...(await db`select organization_id as o, user_id, has_lead from metrics.kept
      where lead_email is null order by organization_id, session_key`),
    ]).toEqual([
      { o: "1", user_id: null, has_lead: true },
      { o: "2", user_id: "43", has_lead: true },
      { o: null, user_id: "42", has_lead: false },
    ]);
  });

  test("takes no longer name that begins or ends like it for it", async ({ db }) => {
    const others = ["ada@mail.example-shop.example", "my-ada@mail.example", "x+ada@mail.example", "ada@mail.example2"];
    for (const [n, other] of others.entries()) {
      await db`insert into conversations (session_id, message) values (${`s${n}`}, ${`I am ${other}, write to me`})`;
      await db`insert into leads (session_id, name, email) values (${`s${n}`}, ${`<${other}>`}, ${other})`;
    }
    await db`insert into leads (session_id, name) values ('s0', ${`Ada <${ADA}>, Ms.`})`;

    const found = await erase(db, `'${ADA}'`);

    expect(counts(found)).toMatchObject({ leads: 1, "messages with a text": 1 });
    expect([...(await db`select email from leads where name is not null order by id`)]).toEqual(
      others.map((email) => ({ email })),
    );
    await expectNoDrift(db);
  });

  test("reaches a metrics row that alone still has it", async ({ db }) => {
    await write(db);
    await db`update leads set name = null, email = null, company = null, custom_fields = '{}'`;
    await db`update conversation_metrics set lead_email = ${ADA} where session_id = 'b'`;

    await erase(db, `'${ADA}'`);

    expect(await tracesOf(db, ADA)).toEqual(["conversations", "feedback"]);
    await expectNoDrift(db);
  });

  test("empties messages where their numbers are kept, and marks feedback as erased", async ({ db }) => {
    await write(db);
    await db`select metrics.keep_numbers()`;

    const found = await erase(db, `'${ADA}', organization => '1'`);
    for (const { to_do } of found) if (to_do !== null) await db.unsafe(to_do.replace(/^[^:]*: /, ""));

    expect([
      ...(await db`select message, response from conversations where organization_id = 1 and session_id = 'a'`),
    ]).toEqual([
      { message: "", response: "" },
      { message: "", response: "" },
    ]);
    expect([...(await db`select feedback_text from feedback order by id`)]).toEqual([
      { feedback_text: "(erased)" },
      { feedback_text: "bad" },
      { feedback_text: "(erased)" },
    ]);
    expect([...(await db`select * from conversation_metrics_drift`)]).toEqual([]);
  });

  test("names the sessions that are called by it, which the application has to rename", async ({ db }) => {
    await db`insert into conversations (organization_id, session_id, message) values (1, ${`chat-with/${ADA}`}, 'Hi')`;

    const found = await erase(db, `'${ADA}'`);

    expect(counts(found)).toMatchObject({ "sessions called by it": 1, "messages with a text": 1 });
    expect(found.at(-1)?.to_do).toContain(`chat-with/${ADA}`);
  });

  test("shows only, with dry_run", async ({ db }) => {
    await write(db);

    const found = await erase(db, `'${ADA}', dry_run => true`);

    expect(counts(found)).toMatchObject({ leads: 3, "errors and findings that quote it": 3 });
    expect(found.filter(({ erased }) => erased)).toEqual([]);
    expect(await db`select from leads where email is null`).toHaveLength(1);
  });
});

describe("erasing by user", () => {
  test("takes the user's id and leads, and nothing of others", async ({ db }) => {
    await write(db);
    const before = await numbers(db);

    const found = await erase(db, "user_id => '42'");

    expect(counts(found)).toMatchObject({ leads: 1, "rows with the user's id": 3, "messages with a text": 3 });
    expect(
      [...(await db`select distinct user_id from conversation_metrics order by 1`)].map(({ user_id }) => user_id),
    ).toEqual(["43", "44", null]);
    expect(
      [...(await db`select email from leads where email is not null order by id`)].map(({ email }) => email),
    ).toEqual([" ADA@mail.EXAMPLE ", "nada@mail.example"]);
    expect(await numbers(db)).toEqual(before);
    await expectNoDrift(db);
  });
  test("whose id is the address is named by erasing by e-mail, and goes with both", async ({ bareDb, bareUrl }) => {
    const db = await migrated(
      { bareDb, bareUrl },
      `create table conversations (id bytea primary key, session_id text, user_id text, message text, created_at timestamptz);
       insert into conversations values ('\\x01ff', 's', '${ADA}', 'Hi', now()), ('\\x02ff', 't', 'nada@mail.example', 'Hi', now())`,
    );

    const named = await erase(db, `'${ADA}'`);
    const found = await erase(db, `'${ADA}', user_id => '${ADA}'`);

    expect(counts(named)).toMatchObject({ "messages with a text": 1, "users called by it": 1 });
    expect(named.find(({ item }) => item === "users called by it")?.to_do).toContain(ADA);
    expect(counts(found)).toMatchObject({ "rows with the user's id": 1, "users called by it": 0 });
    await db.unsafe(found.find(({ item }) => item === "messages with a text")?.to_do?.replace(/^[^:]*: /, "") ?? "");
    expect([...(await db`select message, user_id from conversations order by id`)]).toEqual([
      { message: "(erased)", user_id: null },
      { message: "Hi", user_id: "nada@mail.example" },
    ]);
    await expectNoDrift(db);
  });
});

describe("tables of an application's own", () => {
  test("that allow no NULL get a placeholder of their own in each row", async ({ bareDb, bareUrl }) => {
    const db = await migrated(
      { bareDb, bareUrl },
      `create table conversations (id bigint primary key, session_id text, message text, created_at timestamptz);
       create table leads (id bigint primary key, session_id text, name varchar(4) not null, email varchar(40) not null unique
         check (email like '%@%'), custom_fields json not null);
       insert into leads values (1, 's', 'Ada', '${ADA}', '{"a": 1}'), (2, 's', 'Ada', 'Ada@mail.example', '{}')`,
    );

    await erase(db, `'${ADA}'`);

    expect([...(await db`select name, email, custom_fields from leads order by id`)]).toEqual([
      { name: "eras", email: "erased-1@erased.invalid", custom_fields: {} },
      { name: "eras", email: "erased-2@erased.invalid", custom_fields: {} },
    ]);
    await expectNoDrift(db);
  });

  test("whose column can be neither empty nor a text are refused whole, with the cure", async ({ bareDb, bareUrl }) => {
    const db = await migrated(
      { bareDb, bareUrl },
      `create table conversations (id bigint primary key, session_id text, message text, created_at timestamptz);
       create table leads (id bigint primary key, session_id text, email text, phone bigint not null);
       insert into leads values (1, 's', '${ADA}', 49)`,
    );

    await expect(erase(db, `'${ADA}'`)).rejects.toMatchObject({
      hint: "alter table public.leads alter column phone drop not null",
    });
    expect(await db`select from leads where email = ${ADA}`).toHaveLength(1);
  });

  test("that are attached are never written: it says what the application has to do", async ({ db }) => {
    await db.unsafe(SUPPORT);
    await db.unsafe("select metrics.attach('support', 'chat.messages', leads => 'chat.leads')");
    const support = (given: string) => erase(db, `${given}, source => 'support'`);

    const found = await support("'one@mail.example'");

    expect(counts(found)).toEqual({
      leads: 1,
      "rows with the user's id": 0,
      "errors and findings that quote it": 0,
      "messages with a text": 1,
      "users called by it": 0,
      "sessions called by it": 0,
    });
    expect(found[0]).toMatchObject({ erased: false, to_do: expect.stringMatching(/chat\.people, ids 1\./) });
    expect(found[3]?.to_do).toBe("Texts are the application's to delete, in chat.lines, ids 1.");
    expect(await tracesOf(db, "one@mail.example")).toEqual([
      "chat.people",
      "metrics_support.conversation_metrics",
      "metrics_support.leads",
    ]);
    await db`update chat.people set mail = null where id = 1`;
    expect(counts(await support("'one@mail.example'"))).toMatchObject({ leads: 0, "messages with a text": 0 });
    expect(await tracesOf(db, "one@mail.example")).toEqual([]);
    await expectNoDrift(db);
  });
});

test.for([
  ["", "it is not said whom"],
  ["''", "it is not said whom"],
  ["' '", "it is not said whom"],
  ["null, ''", "it is not said whom"],
  [`'${ADA}', organization => '1', no_organization => true`, "exclude each other"],
  [`'${ADA}', source => 'nowhere'`, "no source named"],
] as const)("erase_person(%s) is refused with a hint", async ([given, message], { db }) => {
  await expect(erase(db, given)).rejects.toMatchObject({
    message: expect.stringContaining(message),
    hint: expect.anything(),
  });
});

describe("the command erase", () => {
  test("erases with --yes, and says what is left by text and exit code", async ({ db, url }) => {
    await write(db);

    const asked = await cli(["erase", "--email", ADA], { url });
    const looked = await cli(["erase", "--email", ADA, "--dry-run"], { url });
    const erased = await cli(["erase", "--email", ADA, "--organization", "1", "--yes"], { url });

    expect(asked).toMatchObject({ code: 2, stderr: expect.stringContaining("hint: Say it: --yes") });
    expect(looked.code).toBe(1);
    expect(looked.stdout).toMatch(/^default +leads +3 +there$/m);
    expect(await db`select from leads where email is null`).toHaveLength(2);
    expect(erased.code).toBe(1);
    expect(erased.stdout).toMatch(/^default +leads +2 +erased$/m);
    expect(erased.stdout).toContain("Where texts are to go as well: update public.conversations set message = ");
    await expectNoDrift(db);
  });

  test("ends with 0 where nothing is left, and prints JSON alone", async ({ db, url }) => {
    await db`insert into leads (session_id, email) values ('s', ${ADA})`;

    const { code, stdout } = await cli(["erase", "--email", ADA, "--organization", "none", "--yes", "--json"], { url });

    expect(code).toBe(0);
    expect(JSON.parse(stdout)[0]).toEqual({
      of_source: "default",
      item: "leads",
      number: 1,
      erased: true,
      to_do: null,
    });
    expect(await tracesOf(db, ADA)).toEqual([]);
  });

  test("needs to be told whom, and says so", async ({ url }) => {
    const { code, stderr } = await cli(["erase", "--yes"], { url });

    expect(code).toBe(2);
    expect(stderr).toMatch(/It is not said whom to erase\.\n.*hint: Say --email/);
  });
});
