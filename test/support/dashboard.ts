import type { Sql } from "../../src/database.ts";
import { writeDemo } from "../../src/demo/write.ts";
import { limits } from "./http.ts";

/** Writes 250 sessions of the demo. */
export const writeSome = (db: Sql) => writeDemo(db, { sessions: 250, seed: 1, until: new Date() });

/** Writes two sessions on each of the last 90 days: whichever bar of a chart is clicked, at whatever hour, is not empty. */
export const writeDaily = (db: Sql) => db`
  insert into conversations (organization_id, session_id, message, response, created_at, responded_at)
    select 1, 'day-' || day || '-' || session, 'Hi', 'Hello', at, at + interval '2 seconds'
      from generate_series(0, 89) as day, generate_series(1, 2) as session,
        lateral (select date_trunc('day', now(), 'UTC') - day * interval '1 day') as midnight (at)`;

/** A server whose limits no browser reaches. */
export const calm = { settings: { limits: limits() } };

/** Other tables beside the default ones, with one session. */
export const ATTACHED = `
  create table public.turns (id bigint generated always as identity primary key, room text, said text, at timestamptz);
  create view public.turns_as_messages as
    select id as conversation_id, room as session_id, 'user' as role, said as message, at as created_at from public.turns;
  select metrics.attach('support', 'public.turns_as_messages');
  insert into public.turns (room, said, at) values ('room-1', 'Hello?', now())`;
