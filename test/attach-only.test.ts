import { describe, expect } from "vitest";
import { migrate } from "../src/migrate.ts";
import { cli } from "./support/cli.ts";
import { test } from "./support/database.ts";

// As in many applications: conversations are sessions there, and conversation_metrics is something else again.
const application = `
  create table conversations (id integer primary key, account integer);
  create table messages (id integer primary key, conversation_id integer references conversations, sender text, body text,
    created_at timestamptz default now());
  create index on messages (conversation_id);
  create table conversation_metrics (note text);
  insert into conversation_metrics values ('of the application');
  insert into conversations values (1, 7);
  insert into messages (id, conversation_id, sender, body) values (1, 1, 'user', 'hi'), (2, 1, 'assistant', 'hello');
  create view mapped as
    select m.id as conversation_id, c.id as session_id, c.account as organization_id, m.sender as role, m.body as message,
      m.created_at
    from messages as m join conversations as c on c.id = m.conversation_id`;

describe("a database whose tables have our names and another shape", () => {
  test("is refused, and taken with --attach-only, which leaves them alone", async ({ bareDb, bareUrl }) => {
    await bareDb.unsafe(application);
    await expect(migrate({ databaseUrl: bareUrl })).rejects.toThrow("conversation_metrics");

    const { code, stderr } = await cli(["migrate", "--attach-only"], { url: bareUrl });

    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining("Attach your tables:") });
    expect(await bareDb`select * from all_conversation_metrics`).toEqual([]);
    await bareDb`select metrics.attach('chat', 'mapped')`;
    await bareDb`insert into messages (id, conversation_id, sender, body) values (3, 1, 'user', 'bye')`;
    expect(
      await bareDb`select source, session_id, organization_id, total_messages from all_conversation_metrics`,
    ).toEqual([{ source: "chat", session_id: "1", organization_id: "7", total_messages: 3 }]);
    expect(await bareDb`select * from metrics_chat.conversation_metrics_drift`).toEqual([]);
    for (const command of ["status", "verify", "repair"]) {
      expect(await cli([command], { url: bareUrl }), command).toMatchObject({ code: 0 });
    }
    expect(await bareDb`select * from conversation_metrics`).toEqual([{ note: "of the application" }]);
  });

  test("has its own tables still after an uninstall", async ({ bareDb, bareUrl }) => {
    await bareDb.unsafe(application);
    await migrate({ databaseUrl: bareUrl, adopt: false });
    await bareDb`select metrics.attach('chat', 'mapped')`;

    expect(await cli(["uninstall", "--yes"], { url: bareUrl })).toMatchObject({ code: 0 });

    expect(await bareDb`select * from conversation_metrics`).toEqual([{ note: "of the application" }]);
    expect(await bareDb`select count(*)::int as n from messages`).toEqual([{ n: 2 }]);
    expect(await bareDb`select from pg_trigger where not tgisinternal`).toHaveLength(0);
    expect(await bareDb`select from pg_namespace where nspname like 'metrics%'`).toHaveLength(0);
  });
});

test("a source attached as default has the metrics under their usual names", async ({ bareDb, bareUrl }) => {
  await bareDb.unsafe(`${application}; drop table conversation_metrics`);
  await migrate({ databaseUrl: bareUrl, adopt: false });

  await bareDb`select metrics.attach('default', 'mapped')`;

  expect(await bareDb`select session_id, organization_id, total_messages from conversation_metrics`).toEqual([
    { session_id: 1, organization_id: 7, total_messages: 2 },
  ]);
  expect(await bareDb`select * from conversation_metrics_drift`).toEqual([]);
  expect(await cli(["uninstall", "--yes"], { url: bareUrl })).toMatchObject({ code: 0 });
});
