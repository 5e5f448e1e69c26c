/** Two writers at once: what each does in its transaction, and which errors are the application's own doing. */
export type Scenario = { title: string; setUp?: string[]; a: string[]; b: string[]; ownErrors?: string[] };

export const message = (session: string, id: number, time = "2025-03-01") =>
  `insert into conversations (id, session_id, role, message, created_at)
   values (${id}, '${session}', 'user', 'hi', '${time}')`;
export const answer = (session: string, id: number, time: string) =>
  `insert into conversations (id, session_id, role, message, created_at)
   values (${id}, '${session}', 'assistant', 'hello', '${time}')`;
export const several = (session: string, from: number, count: number) =>
  `insert into conversations (id, session_id, role, message, created_at)
   select n, '${session}', 'user', 'hi', '2025-03-01' from generate_series(${from}, ${from + count - 1}) as n`;
export const lead = (session: string, id: number, time = "2025-03-01") =>
  `insert into leads (id, session_id, name, created_at) values (${id}, '${session}', 'Lead ${id}', '${time}')`;
export const rating = (session: string, id: number) =>
  `insert into feedback (id, session_id, rating) values (${id}, '${session}', ${1 + (id % 5)})`;
export const ratingOf = (conversation: number, id: number) =>
  `insert into feedback (id, conversation_id, rating) values (${id}, ${conversation}, ${1 + (id % 5)})`;

/** Deadlocks where two transactions, not two statements, take things in opposite order. */
export const deadlock = ["40P01"];
