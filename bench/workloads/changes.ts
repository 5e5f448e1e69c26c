import type { Rows } from "./rows.ts";
import { ANSWER, QUESTION } from "./texts.ts";

/** A statement that touches one row of a session, with the parameters for its next turn. */
export type Change = {
  kind: "insert" | "update" | "delete";
  title: string;
  statement: string;
  parameters: (session: Rows) => string[];
};

const LONG_AGO = "interval '100 years'";

/** The kinds of which each is worst for one way or another of keeping the metrics. */
export const CHANGES: Change[] = [
  insert("exchange at the end", "now()"),
  insert("exchange before all others: a new first row", "timestamptz '2024-01-01' - random() * interval '1 year'"),
  insert("exchange amid the others", "timestamptz '2025-01-01 00:00:00.5+00'"),
  single("question without an answer at the end", "user"),
  single("answer at the end", "assistant"),
  update("text of a row amid the others", "message = message || '.'", takeMiddle),
  update(
    "longer response of the last row",
    "response = response || '.', responded_at = responded_at + interval '1 s'",
    keepLast,
  ),
  update("a row amid the others answered a year late", "responded_at = responded_at + interval '1 year'", takeMiddle),
  update("first row moved to the end", "created_at = now(), responded_at = now()", takeFirst),
  update(
    "last row moved to the front",
    `created_at = created_at - ${LONG_AGO}, responded_at = responded_at - ${LONG_AGO}`,
    takeLast,
  ),
  update("a row moved to another session", "session_id = 'moved-' || id", takeMiddle),
  remove("a row amid the others", takeMiddle),
  remove("the first row", takeFirst),
  remove("the last row", takeLast),
];

function insert(title: string, createdAt: string): Change {
  return {
    kind: "insert",
    title: `insert: ${title}`,
    statement: `insert into public.conversations (organization_id, session_id, message, response, created_at, responded_at)
      select $1, $2, $3, $4, at, at + interval '2 s' from (select ${createdAt}) as time (at)`,
    parameters: ({ organization, session }) => [organization, session, QUESTION, ANSWER],
  };
}

function single(title: string, role: string): Change {
  return {
    kind: "insert",
    title: `insert: ${title}`,
    statement: `insert into public.conversations (organization_id, session_id, role, message) values ($1, $2, '${role}', $3)`,
    parameters: ({ organization, session }) => [organization, session, QUESTION],
  };
}

function update(title: string, set: string, take: (session: Rows) => string): Change {
  return {
    kind: "update",
    title: `update: ${title}`,
    statement: `update public.conversations set ${set} where id = $1`,
    parameters: (session) => [take(session)],
  };
}

function remove(title: string, take: (session: Rows) => string): Change {
  return {
    kind: "delete",
    title: `delete: ${title}`,
    statement: "delete from public.conversations where id = $1",
    parameters: (session) => [take(session)],
  };
}

function takeMiddle({ ids }: Rows): string {
  return known(ids.splice(Math.floor(ids.length / 2), 1)[0]);
}

function takeFirst({ ids }: Rows): string {
  return known(ids.shift());
}

function takeLast({ ids }: Rows): string {
  return known(ids.pop());
}

function keepLast({ ids }: Rows): string {
  return known(ids.at(-1));
}

function known(id: string | undefined): string {
  if (id === undefined) throw new Error("The session has no row left.");
  return id;
}
