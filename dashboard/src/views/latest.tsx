import { ago, decimal, integer, NONE } from "../format.ts";
import { changed, type Place } from "../location.ts";
import { Link } from "../parts/link.tsx";
import { Panel } from "../parts/panel.tsx";
import type { Conversation } from "../types.ts";

/** The view of one conversation, over the one that it is opened from. */
export const conversationPlace = (
  place: Place,
  { session_id, organization_id }: Pick<Conversation, "session_id" | "organization_id">,
) => changed(place, { session: session_id, of: organization_id ?? "none" });

/** Opens a conversation. */
export function ConversationLink({
  place,
  row,
  class: name = "",
}: {
  place: Place;
  row: Conversation;
  class?: string;
}) {
  return (
    <Link to={conversationPlace(place, row)} class={name}>
      {row.session_id}
    </Link>
  );
}

/** The conversations that began last. */
export function Latest({ place, rows }: { place: Place; rows: Conversation[] }) {
  return (
    <Panel
      title="Latest conversations"
      note={
        <Link to={changed(place, { view: "conversations", after: undefined })}>All conversations of this range</Link>
      }
      empty={rows.length === 0 ? "Nothing in this range." : undefined}
    >
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it. */}
      <section class="scroll" tabIndex={0} aria-label="Latest conversations, table">
        <table class="figures latest">
          <caption class="unseen">Latest conversations</caption>
          <thead>
            <tr>
              <th scope="col">Conversation</th>
              <th scope="col">Began</th>
              <th scope="col" class="number">
                Messages
              </th>
              <th scope="col" class="number">
                Tokens
              </th>
              <th scope="col">Lead</th>
              <th scope="col" class="number">
                Rating
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={`${row.organization_id} ${row.session_id}`}>
                <td>
                  <ConversationLink place={place} row={row} />
                </td>
                <td>{row.conversation_start === null ? NONE : ago(Date.parse(row.conversation_start), Date.now())}</td>
                <td class="number">{integer(row.total_messages)}</td>
                <td class="number">{integer(row.total_tokens)}</td>
                <td>{row.has_lead ? "Yes" : NONE}</td>
                <td class="number">{decimal(row.user_satisfaction, 1)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </Panel>
  );
}
