import { useEffect, useState } from "preact/hooks";
import { apiAddress, read } from "./api.ts";
import { changed, goTo, type Place, usePlace } from "./location.ts";
import { Filters } from "./parts/filters.tsx";
import { FirstSteps } from "./parts/first-steps.tsx";
import { Exactness, Live, useStatus } from "./parts/freshness.tsx";
import { followLink, Link } from "./parts/link.tsx";
import { Trouble } from "./parts/problem.tsx";
import { SessionOf } from "./parts/session.tsx";
import { ThemeChoice } from "./parts/theme-choice.tsx";
import type { Rows, Scope } from "./types.ts";
import { ConversationDialog } from "./views/conversation.tsx";
import { ConversationsView, useList } from "./views/conversations.tsx";
import { OverviewView, useOverview } from "./views/overview.tsx";

export function App() {
  const place = usePlace();
  const isList = place.view === "conversations";
  useEffect(() => {
    document.title = `${isList ? "Conversations" : "Overview"} · Conversation metrics`;
  }, [isList]);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions lint/a11y/useKeyWithClickEvents: it hears the clicks on links, which have keys of their own.
    <div onClick={followLink}>
      <a class="skip" href="#main">
        To the figures
      </a>
      {isList ? <ListPage place={place} /> : <OverviewPage place={place} />}
      {place.session !== undefined && <ConversationDialog place={place} key={`${place.of} ${place.session}`} />}
    </div>
  );
}

function OverviewPage({ place }: { place: Place }) {
  const loaded = useOverview(place);
  const [summary] = loaded.data?.watched.rows ?? [];
  return (
    <Frame place={place} loaded={loaded} summary={summary}>
      {(isEmpty) => (isEmpty ? <FirstSteps /> : <OverviewView place={place} loaded={loaded} />)}
    </Frame>
  );
}

function ListPage({ place }: { place: Place }) {
  const loaded = useList(place);
  const [summary] = loaded.data?.watched.rows ?? [];
  return (
    <Frame place={place} loaded={loaded} summary={summary}>
      {() => <ConversationsView place={place} loaded={loaded} />}
    </Frame>
  );
}

type FrameProps = {
  place: Place;
  loaded: Pick<ReturnType<typeof useList>, "at" | "error">;
  summary: { estimated_messages: number; messages: number; conversations: number } | undefined;
  children: (isEmpty: boolean) => preact.ComponentChildren;
};

function Frame({ place, loaded, summary, children }: FrameProps) {
  const sources = useSources(place);
  const { scope, isRead } = useScope(place.source, summary?.conversations);
  const status = useStatus(place.source);
  const to = (view: string) => changed(place, { view, after: undefined, session: undefined, of: undefined });
  const isList = place.view === "conversations";
  return (
    <>
      <header class="top">
        <p class="brand">
          <span class="mark" aria-hidden="true" />
          Conversation metrics
        </p>
        <nav aria-label="Views">
          <Link to={to("overview")} current={!isList}>
            Overview
          </Link>
          <Link to={to("conversations")} current={isList}>
            Conversations
          </Link>
        </nav>
        <Live at={loaded.at} error={loaded.error} />
        <SessionOf />
        <ThemeChoice />
      </header>
      <main id="main" tabIndex={-1}>
        <h1 class="unseen">{isList ? "Conversations" : "Overview"}</h1>
        <Filters place={place} scope={scope} sources={sources} />
        {loaded.error !== undefined && <Trouble error={loaded.error} />}
        {children(isRead && scope.length === 0 && summary?.conversations === 0)}
      </main>
      <footer>
        <Exactness
          status={status.data?.watched}
          estimated={summary?.estimated_messages}
          messages={summary?.messages}
          zone={place.tz ?? "UTC"}
        />
        <p class="note">
          {status.data === undefined ? "" : `Version ${status.data.watched.version}. `}
          <a href="docs">API</a> · <a href="demo">Chat demo</a>
        </p>
      </footer>
    </>
  );
}

/** The organizations and widgets to choose from, again when there are more conversations. */
function useScope(source: string | undefined, conversations: number | undefined): { scope: Scope[]; isRead: boolean } {
  const [state, set] = useState<{ scope: Scope[]; isRead: boolean }>({ scope: [], isRead: false });
  // Not at each new message: it goes through all conversations.
  const tenths = conversations === undefined ? 0 : Math.ceil(Math.log2(conversations + 1) * 4);
  useEffect(() => {
    const ended = new AbortController();
    read<Rows<Scope>>(apiAddress("scope", { source }), ended.signal).then(
      ({ rows }) => set({ scope: rows, isRead: true }),
      () => {}, // The figures say what is wrong; without a list they can still be looked at.
    );
    return () => ended.abort();
  }, [tenths, source]);
  return state;
}

/** Which tables there are. Where those of the default names are none of ours, the first others are shown. */
function useSources(place: Place): string[] {
  const [sources, set] = useState<string[]>([]);
  useEffect(() => {
    read<{ sources: string[] }>(apiAddress("sources")).then(
      (found) => set(found.sources),
      () => {}, // As above.
    );
  }, []);
  const [first] = sources;
  useEffect(() => {
    if (place.source === undefined && first !== undefined && first !== "default")
      goTo(changed(place, { source: first }), true);
  }, [place, first]);
  return sources;
}
