import type { Queryable } from "../../src/database.ts";

/** One of each write on each table of a population. */
export const writeOneOfEach = async (sql: Queryable) => {
  await sql`insert into conversations (organization_id, session_id, message) values (1, 'a', 'hi'), (3, 'new', 'hi')`;
  await sql`update conversations set session_id = 'b', message = 'changed' where id % 4 = 0`;
  await sql`delete from conversations where id % 5 = 0`;
  await sql`insert into leads (organization_id, session_id, name, created_at) values (1, 'a', 'Last', '2030-01-01')`;
  await sql`delete from leads where id % 3 = 0`;
  await sql`update feedback set rating = 1 where id % 2 = 0`;
  await sql`insert into feedback (organization_id, session_id, rating) values (1, 'a', 5), (3, 'new', 5)`;
};
