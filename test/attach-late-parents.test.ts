import { expect } from "vitest";
import type { Sql } from "../src/database.ts";
import { test } from "./support/database.ts";
import { until } from "./support/worker.ts";

async function attachChats(db: Sql): Promise<void> {
  await db.unsafe(`
    create table chats (id int primary key, tenant int, subject text);
    create table lines (id int primary key, chat_id int references chats, body text);
    create index on lines (chat_id);
    create view mapped as
      select l.id as conversation_id, l.chat_id as session_id, c.tenant as organization_id, l.body as message
      from lines as l join chats as c on c.id = l.chat_id;
    insert into chats values (1, 1, 'x');
    select metrics.attach('lines', 'mapped')`);
}
const tenants = (db: Sql) => db`select organization_id, total_messages from metrics_lines.conversation_metrics`;

test("a row added below a parent that another transaction changes meanwhile follows it at the next check", async ({
  db,
  connect,
}) => {
  await attachChats(db);
  const other = await connect().reserve();
  await other`begin`;
  await other`insert into lines values (1, 1, 'unseen by the other')`;
  await db`update chats set tenant = 2`;
  expect(await db`select metrics_lines.follow_parents() as followed`).toEqual([{ followed: 0 }]);
  await other`commit`;
  other.release();
  expect(await tenants(db)).toEqual([{ organization_id: 1, total_messages: 1 }]);

  // A transaction in any database of the server may hold the settled state back for a moment.
  await until(db, "metrics_lines.follow_parents() = 1");

  expect(await tenants(db)).toEqual([{ organization_id: 2, total_messages: 1 }]);
  expect(await db`select * from metrics_lines.conversation_metrics_drift`).toEqual([]);
  expect(await db`select * from metrics_lines.parent_changes`).toEqual([]);
});

test("a change of a parent's other columns is nobody's business", async ({ db }) => {
  await attachChats(db);
  await db`insert into lines values (1, 1, 'hi')`;
  const before = await db`select xmin::text from metrics_lines.conversation_metrics`;

  await db`update chats set subject = 'y'`;

  expect(await db`select xmin::text from metrics_lines.conversation_metrics`).toEqual(before);
  expect(await db`select * from metrics_lines.parent_changes`).toEqual([]);
});
