import type { Queryable } from "../http/database.ts";
import { sql } from "../http/sql.ts";
import type { ChatMessage } from "./answerer.ts";

// About 6,000 tokens: what a session's past may cost at each question.
const MOST_CHARACTERS = 24_000;

type Row = { role: string | null; message: string | null; response: string | null };

/** The last messages of a session, oldest first: at most `rows` rows, and as many characters as are worth their cost. */
export async function readHistory(db: Queryable, sessionKey: string, rows: number): Promise<ChatMessage[]> {
  // By the ledger, whose index serves this in every database, also where the session is long.
  const found = await db.query<Row>(sql`
    select s.role, left(s.message, ${MOST_CHARACTERS}) as message, left(s.response, ${MOST_CHARACTERS}) as response
    from (
      select conversation_id, created_at from metrics.messages
      where session_key = ${sessionKey}
      order by created_at desc, conversation_id desc
      limit ${rows}
    ) as l
    join metrics.source_messages as s on s.conversation_id = l.conversation_id
    order by l.created_at desc, l.conversation_id desc`);
  const history: ChatMessage[] = [];
  let characters = 0;
  for (const message of found.flatMap(messagesOf)) {
    characters += message.content.length;
    if (characters > MOST_CHARACTERS) break;
    history.push(message);
  }
  return history.toReversed();
}

// Newest first, as the rows are.
function messagesOf({ role, message, response }: Row): ChatMessage[] {
  const messages: ChatMessage[] = [];
  if (response) messages.push({ role: "assistant", content: response });
  const speaker = role ?? "user";
  if (message && (speaker === "user" || speaker === "assistant")) messages.push({ role: speaker, content: message });
  return messages;
}
