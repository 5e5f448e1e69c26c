import { useEffect, useRef, useState } from "preact/hooks";
import { apiAddress } from "../src/api.ts";
import { decimal, duration, integer, moment, NONE } from "../src/format.ts";
import { useLive } from "../src/live.ts";
import { addressOf } from "../src/location.ts";
import { ThemeChoice } from "../src/parts/theme-choice.tsx";
import type { Detail, Explained } from "../src/types.ts";

const SHOWN = [
  ...["total_messages", "user_messages", "ai_messages", "total_tokens", "prompt_tokens", "completion_tokens"],
  ...["estimated_messages", "conversation_start", "conversation_end", "conversation_duration"],
  ...["average_response_time", "has_lead", "lead_name", "lead_email", "user_satisfaction", "rating_count"],
];

const TAG = `<script src="${location.origin}${location.pathname.replace(/demo$/, "")}widget.js"
  data-title="Chat with us" defer></script>`;

/** The session that the widget on this page writes to, as soon as it writes. */
function useSession(): string | undefined {
  const [session, set] = useState<string>();
  useEffect(() => {
    const hear = (event: Event) => {
      if (event instanceof CustomEvent && typeof event.detail?.session_id === "string") set(event.detail.session_id);
    };
    document.addEventListener("conversation-metrics", hear);
    return () => document.removeEventListener("conversation-metrics", hear);
  }, []);
  return session;
}

/** A chat, and beside it the row of metrics that PostgreSQL keeps of it. */
export function Demo() {
  const session = useSession();
  return (
    <>
      <header class="top">
        <p class="brand">
          <span class="mark" aria-hidden="true" />
          Conversation metrics
        </p>
        <nav aria-label="Views">
          <a href="./">Overview</a>
          <a href="demo" aria-current="page">
            Chat demo
          </a>
        </nav>
        <ThemeChoice />
      </header>
      <main class="demo">
        <h1>Chat, and see the row change</h1>
        <p class="lead-in">
          Each message is an ordinary row in your table. In the same transaction PostgreSQL brings the metrics of the
          conversation up to date, and a worker then counts its tokens exactly.
        </p>
        {session === undefined ? <Waiting /> : <MetricsRow session={session} />}
        <section class="panel" aria-labelledby="tag-title">
          <h2 id="tag-title">This chat box on a page of yours</h2>
          <pre>{TAG}</pre>
          <p class="note">
            Other origins need a key and <code>WIDGET_ORIGINS</code>: docs/widget.md.
          </p>
        </section>
      </main>
    </>
  );
}

function Waiting() {
  return (
    <section class="panel row" aria-label="Metrics">
      <p class="empty">Write something in the chat box, and its row appears here.</p>
    </section>
  );
}

function MetricsRow({ session }: { session: string }) {
  const { data, error } = useLive<{ watched: Detail }>(
    apiAddress(`conversations/${encodeURIComponent(session)}`, { organization: "none", limit: "1" }),
    {},
  );
  const numbers = data?.watched.numbers;
  const before = useRef(numbers);
  useEffect(() => {
    before.current = numbers;
  }, [numbers]);
  return (
    <section class="panel row" aria-labelledby="row-title">
      <header>
        <div>
          <h2 id="row-title">The row of this conversation</h2>
          <p class="note">
            <code>select * from conversation_metrics where session_id = '{session.slice(0, 8)}…'</code>
          </p>
        </div>
        <a class="quiet" href={`./${addressOf({ view: "conversations", range: "all", session, of: "none" })}`}>
          Where it comes from
        </a>
      </header>
      {numbers === undefined ? (
        <p class="empty">{error === undefined ? "Loading" : `${error.message} ${error.hint ?? ""}`}</p>
      ) : (
        <dl>
          {SHOWN.map((name) => {
            const value = write(name, numbers[name]?.value ?? null);
            const old = before.current?.[name];
            const isNew = old !== undefined && write(name, old.value) !== value;
            return (
              // Another key for another value, so that its mark begins anew.
              <div key={`${name} ${value}`} class={isNew ? "changed" : ""}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            );
          })}
        </dl>
      )}
    </section>
  );
}

function write(name: string, value: Explained["value"]): string {
  if (value === null) return NONE;
  if (typeof value === "boolean") return value ? "true" : "false";
  if (typeof value === "string") return name.startsWith("conversation_") ? moment(value, undefined, true) : value;
  if (name === "average_response_time" || name === "conversation_duration") return duration(value);
  return Number.isInteger(value) ? integer(value) : decimal(value);
}
