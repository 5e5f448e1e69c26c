import type { Queryable } from "../../src/database.ts";

/**
 * A small population that every way of writing can be tried on: sessions `a`, `b` and `c` in the organizations 1, 2 and
 * none, rows 1 to 36 (exchanges, single messages, open ones; ties in time, reported tokens), and leads and feedback.
 */
export const populate = async (sql: Queryable): Promise<void> => {
  await sql`
    insert into conversations (id, organization_id, session_id, widget_id, user_id, role, message, response,
      prompt_tokens, completion_tokens, created_at, responded_at)
    select
      n,
      (array[1, 2, null])[1 + n % 3],
      (array['a', 'b', 'c'])[1 + n / 3 % 3],
      n % 4,
      n % 5,
      (array[null, 'user', 'assistant', 'system'])[1 + n / 9 % 4],
      repeat('m', n % 7),
      case when n / 9 % 4 = 0 and n % 5 > 0 then repeat('r', n) end,
      case when n % 6 = 0 then n end,
      case when n % 8 = 0 then n end,
      timestamptz '2025-03-01 00:00:00+00' + n / 2 * interval '10 s',
      case when n % 4 > 0 then timestamptz '2025-03-01 00:00:03.000001+00' + n / 2 * interval '10 s' end
    from generate_series(1, 36) as n`;
  await sql`select setval(pg_get_serial_sequence('conversations', 'id'), 1000)`;
  await sql`
    insert into leads (organization_id, session_id, name, email, created_at)
    select (array[1, 2, null])[1 + n % 3], (array['a', 'b', 'c', 'nobody'])[1 + n % 4], 'Lead ' || n, n || '@lead.example',
      timestamptz '2025-03-01 00:00:00+00' + n / 3 * interval '1 day'
    from generate_series(1, 12) as n`;
  await sql`
    insert into feedback (organization_id, session_id, conversation_id, rating)
    select case when n % 2 = 0 then (array[1, 2, null])[1 + n % 3] end, case when n % 2 = 0 then (array['a', 'b'])[1 + n % 2] end,
      case when n % 2 = 1 then n end, 1 + n % 5
    from generate_series(1, 24) as n`;
};
