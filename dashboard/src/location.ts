import { useSyncExternalStore } from "./store.ts";

/** What a view is: all of it is in the address, so that a view can be shared and the back button goes back. */
export type Place = Record<string, string>;

const DEFAULTS: Place = { view: "overview", range: "30d", sort: "conversation_start", order: "desc" };
const KEYS = [
  ...["view", "range", "from", "to", "tz", "organization", "widget", "source", "sort", "order", "after"],
  ...["has_lead", "min_satisfaction", "max_satisfaction", "min_tokens", "weekday", "hour", "on_from", "on_to"],
  ...["session", "of"],
];

/** What narrows the list of conversations down beside the bar of filters. */
export const NARROWING = [
  ...["has_lead", "min_satisfaction", "max_satisfaction", "min_tokens", "weekday", "hour", "on_from", "on_to"],
] as const;

const browserZone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

/** The present view. */
export const placeOf = (search: string): Place => {
  const given = new URLSearchParams(search);
  const place: Place = { ...DEFAULTS, tz: browserZone };
  for (const key of KEYS) {
    const value = given.get(key);
    if (value !== null && value !== "") place[key] = value;
  }
  return place;
};

/** The address of a view: what is as usual is left out, but for the zone, which is the reader's own elsewhere. */
export function addressOf(place: Place): string {
  const query = new URLSearchParams();
  for (const key of KEYS) {
    const value = place[key];
    if (value !== undefined && value !== "" && value !== DEFAULTS[key]) query.set(key, value);
  }
  return `?${query}`;
}

/** The view with changes; an undefined value takes something away. */
export function changed(place: Place, change: Record<string, string | undefined>): Place {
  const next: Place = {};
  for (const [key, value] of Object.entries({ ...place, ...change })) if (value !== undefined) next[key] = value;
  return next;
}

// Of a step that was taken within the page, so that there is a way back to where it came from.
const INSIDE = "inside";

/** Goes to a view; `replace` leaves no step to come back to. */
export function goTo(place: Place, replace = false): void {
  history[replace ? "replaceState" : "pushState"](replace ? history.state : INSIDE, "", addressOf(place));
  dispatchEvent(new PopStateEvent("popstate"));
}

/** Leaves a view that was opened over another one: back to it, or, where a link led here at once, to it without a step. */
export function leaveFor(place: Place): void {
  if (history.state === INSIDE) history.back();
  else goTo(place, true);
}

const subscribe = (changed: () => void) => {
  addEventListener("popstate", changed);
  return () => removeEventListener("popstate", changed);
};

/** The present view, again whenever it changes. */
export const usePlace = (): Place => placeOf(useSyncExternalStore(subscribe, () => location.search));
