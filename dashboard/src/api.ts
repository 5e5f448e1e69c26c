import type { Place } from "./location.ts";
import { rangeOf } from "./ranges.ts";

/** What went wrong, in words for whoever looks at it. */
export class ApiError extends Error {
  readonly status: number;
  readonly hint: string | undefined;

  constructor(status: number, message: string, hint?: string) {
    super(message);
    this.status = status;
    this.hint = hint;
  }
}

export type Query = Record<string, string | undefined>;

/** The address of a route of the API, relative to the page. */
export function apiAddress(path: string, query: Query = {}): string {
  const given = Object.entries(query).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]]));
  const text = new URLSearchParams(given).toString();
  return text === "" ? `api/${path}` : `api/${path}?${text}`;
}

// The last answer of each address with its ETag: what did not change is neither sent nor drawn again.
const known = new Map<string, { etag: string; body: unknown }>();
const MOST_KNOWN = 60;

/** Reads from the API; an answer that did not change is the same object again. */
export async function read<T>(address: string, signal?: AbortSignal): Promise<T> {
  const before = known.get(address);
  const response = await fetch(address, {
    ...(signal === undefined ? {} : { signal }),
    // The ETag is compared here: the browser's own cache would say 200 for what did not change.
    cache: "no-store",
    // Else the browser says no-cache, which makes a server send what did not change.
    headers: {
      accept: "application/json",
      "cache-control": "max-age=0",
      ...(before === undefined ? {} : { "if-none-match": before.etag }),
    },
  }).catch((error: unknown) => {
    if (signal?.aborted) throw error;
    throw new ApiError(0, "The server does not answer.", "Is it running? The page tries again by itself.");
  });
  // biome-ignore lint/suspicious/noExplicitAny: the API's own answer, which its tests hold to its schemas.
  const kept: any = before?.body;
  if (response.status === 304 && before !== undefined) return kept;
  if (!response.ok) throw await problemOf(response);
  const body = await response.json();
  keep(address, response.headers.get("etag"), body);
  return body;
}

function keep(address: string, etag: string | null, body: unknown): void {
  if (etag === null) return;
  known.delete(address);
  known.set(address, { etag, body });
  const [oldest] = known.keys();
  if (known.size > MOST_KNOWN && oldest !== undefined) known.delete(oldest);
}

async function problemOf(response: Response): Promise<ApiError> {
  const body = await response.json().catch(() => ({}));
  const detail = typeof body.detail === "string" ? body.detail : `The server answered with ${response.status}.`;
  const [wrong] = Array.isArray(body.errors) ? body.errors : [];
  const where = typeof wrong?.detail === "string" ? `${wrong.pointer}: ${wrong.detail}` : undefined;
  return new ApiError(response.status, detail, where ?? HINTS[response.status]);
}

const HINTS: Record<number, string> = {
  401: "Sign in by a link: npx conversation-metrics keys login prints one.",
  403: "Choose another organization, or none.",
  429: "It tries again by itself.",
  503: "It tries again by itself.",
};

/** The filters of a view that all reports have. */
export function filtersOf(place: Place): Query {
  const { from, to } = rangeOf(place);
  const { tz, organization, widget, source } = place;
  return { from, to, time_zone: tz, organization, widget, source };
}

/** The filters of the list of conversations: also what a click on a chart narrowed it down to. */
export function listFiltersOf(place: Place): Query {
  const { has_lead, min_satisfaction, max_satisfaction, min_tokens, weekday, hour, on_from, on_to } = place;
  return {
    ...filtersOf(place),
    ...(on_from === undefined ? {} : { from: on_from, to: on_to }),
    ...{ has_lead, min_satisfaction, max_satisfaction, min_tokens, weekday, hour },
  };
}
