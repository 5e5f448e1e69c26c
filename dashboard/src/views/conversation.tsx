import { useEffect, useRef } from "preact/hooks";
import { apiAddress } from "../api.ts";
import { useLive } from "../live.ts";
import { changed, leaveFor, type Place } from "../location.ts";
import { Trouble } from "../parts/problem.tsx";
import type { Detail } from "../types.ts";
import { Messages } from "./messages.tsx";
import { Numbers } from "./numbers.tsx";

const MOST_MESSAGES = "500";

/** One conversation over the view that it was opened from: what was said, and where each number comes from. */
export function ConversationDialog({ place }: { place: Place }) {
  const { session = "", of, source } = place;
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const close = () => leaveFor(changed(place, { session: undefined, of: undefined }));
  const address = apiAddress(`conversations/${encodeURIComponent(session)}`, {
    organization: of,
    source,
    limit: MOST_MESSAGES,
  });
  const { data, error, stale } = useLive<{ watched: Detail }>(address, {});
  const found = stale ? undefined : data?.watched;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the key for closing is Escape, which a dialog knows itself.
    <dialog
      ref={dialog}
      aria-labelledby="conversation-title"
      onClose={close}
      onClick={(event) => event.target === dialog.current && dialog.current?.close()}
    >
      <div class="drawer">
        <header>
          <div>
            <h2 id="conversation-title">{session}</h2>
            <p class="note">
              {organizationText(found === undefined ? of : (found.organization_id ?? "none"))}
              {found?.numbers.widget_id?.value == null ? "" : `, widget ${found.numbers.widget_id.value}`}
            </p>
          </div>
          <button type="button" class="quiet" onClick={() => dialog.current?.close()}>
            Close
          </button>
        </header>
        {error !== undefined && <Trouble error={error} />}
        {found === undefined ? (
          error === undefined && (
            <p class="empty" role="status">
              Loading
            </p>
          )
        ) : (
          <>
            <Messages detail={found} zone={place.tz ?? "UTC"} />
            <Extras detail={found} />
            <Numbers numbers={found.numbers} zone={place.tz ?? "UTC"} />
          </>
        )}
      </div>
    </dialog>
  );
}

// A link may name none, where one organization alone has the session.
function organizationText(of: string | undefined): string {
  if (of === undefined) return "";
  return of === "none" ? "Without an organization" : `Organization ${of}`;
}

function Extras({ detail: { leads, feedback } }: { detail: Detail }) {
  if (leads.length + feedback.length === 0) return null;
  return (
    <section aria-labelledby="extras-title">
      <h3 id="extras-title">Leads and ratings</h3>
      <ul class="extras">
        {leads.map(({ id, name, email, company, counted }) => (
          <li key={`lead ${id}`}>
            <strong>Lead</strong> {[name, email, company].filter(Boolean).join(", ")}
            {counted ? "" : " (a later one counts)"}
          </li>
        ))}
        {feedback.map(({ id, rating, message }) => (
          <li key={`rating ${id}`}>
            <strong>Rating</strong> {rating} of 5{message === null ? "" : `, on message ${message}`}
          </li>
        ))}
      </ul>
    </section>
  );
}
