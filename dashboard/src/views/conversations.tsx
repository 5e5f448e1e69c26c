import { apiAddress, listFiltersOf } from "../api.ts";
import { compact, integer } from "../format.ts";
import { type Loaded, useLive } from "../live.ts";
import { addressOf, changed, goTo, type Place } from "../location.ts";
import { Link } from "../parts/link.tsx";
import { Narrowing } from "../parts/narrowing.tsx";
import type { Conversation, Rows, Summary } from "../types.ts";
import { COLUMNS, type Column, EXPORTED } from "./columns.ts";
import { ConversationLink } from "./latest.tsx";

const PAGE = 25;

export type List = { watched: Rows<Summary>; page: Rows<Conversation> & { next: string | null } };

/** Reads a page of the list, and again whenever the figures of what it lists change. */
export function useList(place: Place): Loaded<List> {
  const filters = listFiltersOf(place);
  const { sort, order, after } = place;
  return useLive<List>(apiAddress("reports/summary", filters), {
    page: apiAddress("reports/conversations", { ...filters, sort, order, after, limit: String(PAGE) }),
  });
}

/** The conversations of a filter: sorted, a page at a time, and exported as they are shown. */
export function ConversationsView({ place, loaded }: { place: Place; loaded: Loaded<List> }) {
  const { data, stale } = loaded;
  const total = data?.watched.rows[0]?.conversations;
  const rows = data?.page.rows;
  const exported = (format: string) =>
    apiAddress("reports/export", {
      ...listFiltersOf(place),
      ...{ sort: place.sort, order: place.order, columns: EXPORTED, format },
    });
  return (
    <section class="panel list" aria-labelledby="list-title">
      <header>
        <div>
          <h2 id="list-title">Conversations</h2>
          <p class="note" role="status">
            {total === undefined ? "Loading" : `${integer(total)} match`}
          </p>
        </div>
        <div class="actions">
          <a class="quiet" href={exported("csv")} download>
            Export CSV
          </a>
          <a class="quiet" href={exported("ndjson")} download>
            NDJSON
          </a>
        </div>
      </header>
      <Narrowing place={place} />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it. */}
      <section class="scroll" tabIndex={0} aria-label="List of conversations">
        <table class={`figures rows ${stale ? "stale" : ""}`} aria-busy={stale}>
          <caption class="unseen">Conversations</caption>
          <thead>
            <tr>
              {COLUMNS.map((column) => (
                <Heading key={column.name} column={column} place={place} />
              ))}
            </tr>
          </thead>
          <tbody>
            {rows === undefined
              ? Array.from({ length: PAGE }, (_, n) => <WaitingRow key={n} />)
              : rows.map((row) => <Row key={`${row.organization_id} ${row.session_id}`} row={row} place={place} />)}
          </tbody>
        </table>
        {rows?.length === 0 && <NothingFound place={place} />}
      </section>
      <Pages place={place} shown={rows?.length ?? 0} total={total ?? 0} next={data?.page.next ?? null} />
    </section>
  );
}

function Heading({ column, place }: { column: Column; place: Place }) {
  const { name, title, number, spare } = column;
  const sorted = place.sort === name;
  const order =
    sorted && place.order === "desc"
      ? "asc"
      : sorted
        ? "desc"
        : number || name === "conversation_start"
          ? "desc"
          : "asc";
  return (
    <th
      scope="col"
      class={`${number ? "number" : ""} ${spare ? "spare" : ""}`}
      aria-sort={sorted ? (place.order === "desc" ? "descending" : "ascending") : undefined}
    >
      <button type="button" onClick={() => goTo(changed(place, { sort: name, order, after: undefined }))}>
        {title}
        <span aria-hidden="true" class="arrow">
          {sorted ? (place.order === "desc" ? "↓" : "↑") : ""}
        </span>
      </button>
    </th>
  );
}

function Row({ row, place }: { row: Conversation; place: Place }) {
  const zone = place.tz ?? "UTC";
  return (
    <tr>
      {COLUMNS.map(({ name, number, spare, write }) => (
        <td key={name} class={`${number ? "number" : ""} ${spare ? "spare" : ""}`}>
          {name === "session_id" ? (
            <ConversationLink place={place} row={row} class="whole-row" />
          ) : name === "total_tokens" && row.estimated_messages > 0 ? (
            <span title={`${row.estimated_messages} messages are estimated`}>≈ {write(row, zone)}</span>
          ) : (
            write(row, zone)
          )}
        </td>
      ))}
    </tr>
  );
}

function WaitingRow() {
  return (
    <tr>
      {COLUMNS.map(({ name, spare }) => (
        <td key={name} class={spare ? "spare" : ""}>
          <span class="waiting line" />
        </td>
      ))}
    </tr>
  );
}

function NothingFound({ place }: { place: Place }) {
  return (
    <div class="empty">
      <p>No conversation passes this filter.</p>
      <p>
        <Link to={changed({ view: "conversations", tz: place.tz ?? "UTC" }, { range: "all", source: place.source })}>
          Show all conversations
        </Link>
      </p>
    </div>
  );
}

function Pages({ place, shown, total, next }: { place: Place; shown: number; total: number; next: string | null }) {
  const first = changed(place, { after: undefined });
  return (
    <nav class="pages" aria-label="Pages">
      <p class="note">
        {shown === 0 ? "" : place.after === undefined ? `1 to ${shown} of ${compact(total)}` : `${shown} on this page`}
      </p>
      <span class="actions">
        {place.after !== undefined && (
          <>
            <Link to={first} class="quiet">
              First page
            </Link>
            <button type="button" class="quiet" onClick={() => history.back()}>
              Back
            </button>
          </>
        )}
        {next !== null && (
          <a class="quiet" href={addressOf(changed(place, { after: next }))}>
            Next page
          </a>
        )}
      </span>
    </nav>
  );
}
