import { useState } from "preact/hooks";
import { changed, goTo, type Place } from "../location.ts";
import { addDays, RANGES, rangeOf, todayIn } from "../ranges.ts";
import type { Scope } from "../types.ts";

const zones: string[] = Intl.supportedValuesOf?.("timeZone") ?? [];
const browserZone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

/** Which conversations all is about: dates, organization, widget, and on whose clocks. */
export function Filters({ place, scope, sources }: { place: Place; scope: Scope[]; sources: string[] }) {
  const set = (change: Record<string, string | undefined>) =>
    goTo(changed(place, { ...change, after: undefined, on_from: undefined, on_to: undefined }));
  const { organization, widget, tz = "UTC", range = "30d" } = place;
  const organizations = known(
    scope.map(({ organization_id }) => organization_id ?? "none"),
    organization,
  );
  const widgets = known(
    scope
      .filter(({ organization_id }) => organization === undefined || (organization_id ?? "none") === organization)
      .flatMap(({ widget_id }) => widget_id ?? []),
    widget,
  );
  return (
    <form class="filters" aria-label="Filters" onSubmit={(event) => event.preventDefault()}>
      <label>
        <span>Dates</span>
        <select
          value={range}
          onChange={({ currentTarget: { value } }) =>
            set(value === "custom" ? customFrom(place) : { range: value, from: undefined, to: undefined })
          }
        >
          {RANGES.map(([value, name]) => (
            <option value={value} key={value}>
              {name}
            </option>
          ))}
        </select>
      </label>
      {range === "custom" && <CustomDates place={place} set={set} />}
      {sources.length > 1 && (
        <label>
          <span>Tables</span>
          <select
            value={place.source ?? "default"}
            onChange={({ currentTarget: { value } }) =>
              set({ source: value === "default" ? undefined : value, organization: undefined, widget: undefined })
            }
          >
            {sources.map((name) => (
              <option value={name} key={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
      )}
      <label>
        <span>Organization</span>
        <select
          value={organization ?? ""}
          onChange={(event) => set({ organization: event.currentTarget.value || undefined, widget: undefined })}
        >
          <option value="">All</option>
          {organizations.map((id) => (
            <option value={id} key={id}>
              {id === "none" ? "Without one" : id}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span>Widget</span>
        <select value={widget ?? ""} onChange={(event) => set({ widget: event.currentTarget.value || undefined })}>
          <option value="">All</option>
          {widgets.map((id) => (
            <option value={id} key={id}>
              {id}
            </option>
          ))}
        </select>
      </label>
      <label class="zone">
        <span>Time zone</span>
        <select value={tz} onChange={(event) => set({ tz: event.currentTarget.value })}>
          {[...new Set([tz, browserZone, "UTC", ...zones])].map((zone) => (
            <option value={zone} key={zone}>
              {zone.replaceAll("_", " ")}
            </option>
          ))}
        </select>
      </label>
    </form>
  );
}

/** What there is, and what is chosen, also where there is nothing of it. */
function known(ids: string[], chosen: string | undefined): string[] {
  const order = new Intl.Collator(undefined, { numeric: true });
  return [...new Set(chosen === undefined ? ids : [...ids, chosen])].sort(order.compare);
}

function customFrom(place: Place) {
  const { from, to } = rangeOf(place);
  const today = todayIn(place.tz ?? "UTC");
  return { range: "custom", from: from ?? addDays(today, -29), to: to === undefined ? today : addDays(to, -1) };
}

type Custom = { place: Place; set: (change: Record<string, string | undefined>) => void };

function CustomDates({ place, set }: Custom) {
  const [from, setFrom] = useState(place.from ?? "");
  const [to, setTo] = useState(place.to ?? "");
  const wrong = from !== "" && to !== "" && from > to;
  const take = (dates: { from: string; to: string }) => {
    setFrom(dates.from);
    setTo(dates.to);
    if (dates.from === "" || dates.to === "" || dates.from <= dates.to)
      set({ from: dates.from || undefined, to: dates.to || undefined });
  };
  return (
    <>
      <label>
        <span>From</span>
        <input
          type="date"
          value={from}
          aria-invalid={wrong}
          onChange={(event) => take({ from: event.currentTarget.value, to })}
        />
      </label>
      <label>
        <span>To, included</span>
        <input
          type="date"
          value={to}
          aria-invalid={wrong}
          onChange={(event) => take({ from, to: event.currentTarget.value })}
        />
      </label>
    </>
  );
}
