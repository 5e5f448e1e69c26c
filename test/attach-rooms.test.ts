import { describeShape } from "./support/attached/shape.ts";

// A partitioned table whose key is a room and a number in it, with the room's tenant and the person in parents.
const tables = `
  create schema "Rooms & more";
  create table "Rooms & more".rooms (room text primary key, tenant smallint);
  create table "Rooms & more"."all lines" (room text not null references "Rooms & more".rooms on update cascade on delete cascade, no integer not null,
    who text, "what %s" text, said timestamptz not null, primary key (room, no)) partition by hash (room);
  create table "Rooms & more".lines_0 partition of "Rooms & more"."all lines" for values with (modulus 2, remainder 0);
  create table "Rooms & more".lines_1 partition of "Rooms & more"."all lines" for values with (modulus 2, remainder 1);
  create unique index on "Rooms & more"."all lines" ((room || ':' || no), room)`;

const columns = `'room ' || n % 5, n, (array[null, 'bot', 'person'])[1 + n / 5 % 3], 'Line ' || n, timestamptz '2025-03-01 12:00+02' + n * interval '1 s'`;
const insert = (from: number, to: number) =>
  `insert into "Rooms & more"."all lines" select ${columns} from generate_series(${from}, ${to}) as n`;

const views = `
  create view "Rooms & more".said as
  select l.room || ':' || l.no as conversation_id, l.room as session_id, r.tenant as organization_id, l.who as user_id,
    case when l.who = 'bot' then 'assistant' when l.who is not null then 'user' end as role,
    case when l.who is not null then l."what %s" end as message, l.said as created_at
  from "Rooms & more"."all lines" as l join "Rooms & more".rooms as r using (room)`;

const oracle = `
  with lines as (
    select l.*, r.tenant, who <> 'bot' and "what %s" <> '' as asked, who = 'bot' and "what %s" <> '' as answered
    from "Rooms & more".rooms as r, "Rooms & more"."all lines" as l where l.room = r.room
  ),
  timed as (
    select *, lead(answered) over w as is_answered, lead(said) over w - said as waited
    from lines window w as (partition by room order by said, room || ':' || no)
  )
  select tenant::text as organization_id, room as session_id,
    (array_agg(room || ':' || no order by said, room || ':' || no))[1] as conversation_id,
    (array_agg(who order by said, room || ':' || no))[1] as user_id,
    count(*) filter (where asked) as user_messages, count(*) filter (where answered) as ai_messages,
    coalesce(sum(ceil(length("what %s") / 4.0)) filter (where asked), 0) as prompt_tokens,
    coalesce(sum(ceil(length("what %s") / 4.0)) filter (where answered), 0) as completion_tokens,
    min(said) as conversation_start, max(said) as conversation_end,
    count(*) filter (where asked and is_answered) as response_count,
    coalesce(sum(extract(epoch from waited) * 1000000) filter (where asked and is_answered), 0)::bigint as response_us_sum,
    count(*) as message_rows
  from timed group by tenant, room`;

describeShape("composite keys in a partitioned table, names that must be quoted", {
  source: "rooms",
  tables,
  rows: `insert into "Rooms & more".rooms select 'room ' || n, nullif(n, 4) from generate_series(0, 5) as n; ${insert(1, 70)}`,
  ...{ views, oracle },
  attach: `'"Rooms & more".said', keys => '{"messages": {"table": "\\"Rooms & more\\".\\"all lines\\"", "key": "source.room || '':'' || source.no"}}'`,
  writes: {
    "one line is counted": insert(101, 101),
    "three lines at once are counted": insert(111, 113),
    "two hundred lines at once are counted": insert(200, 399),
    "a line written into its partition is counted": `
      insert into "Rooms & more".lines_0 select r.room, 500, 'person', 'Directly', now() from "Rooms & more".rooms as r
      where satisfies_hash_partition('"Rooms & more"."all lines"'::regclass, 2, 0, r.room)`,
    "lines changed in their partitions are counted": [
      `update "Rooms & more".lines_0 set "what %s" = 'Changed in 0'`,
      `delete from "Rooms & more".lines_1 where no % 2 = 0`,
    ],
    "a room that is renamed takes its lines along": `update "Rooms & more".rooms set room = 'renamed' where room = 'room 1'`,
    "rooms that change their tenant take their lines along": `update "Rooms & more".rooms set tenant = coalesce(tenant, 0) + 1`,
    "a line that moves to another room and partition is counted there": `update "Rooms & more"."all lines" set room = 'room 2', no = 1000 where no = 3`,
    "a line whose author is known later is counted": `update "Rooms & more"."all lines" set who = 'person' where who is null`,
    "a room deleted by a cascade leaves": `delete from "Rooms & more".rooms where room = 'room 3'`,
    "a truncated partition leaves": `truncate "Rooms & more".lines_1`,
    "emptied, nothing is left": `truncate "Rooms & more".rooms cascade`,
  },
});
