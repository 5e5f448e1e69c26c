import type { Sql } from "../../src/database.ts";
import { writeDemo } from "../../src/demo/write.ts";
import { limits } from "./http.ts";

/** Writes 250 sessions of the demo. */
export const writeSome = (db: Sql) => writeDemo(db, { sessions: 250, seed: 1, until: new Date() });

/** A server whose limits no browser reaches. */
export const calm = { settings: { limits: limits() } };

/** Other tables beside the default ones, with one session. */
export const ATTACHED = `
  create table public.turns (id bigint generated always as identity primary key, room text, said text, at timestamptz);
  create view public.turns_as_messages as
    select id as conversation_id, room as session_id, 'user' as role, said as message, at as created_at from public.turns;
  select metrics.attach('support', 'public.turns_as_messages');
  insert into public.turns (room, said, at) values ('room-1', 'Hello?', now())`;
