import { apiAddress, filtersOf } from "../api.ts";
import type { Loaded } from "../live.ts";
import { useLive } from "../live.ts";
import type { Place } from "../location.ts";
import type { Conversation, Cost, Day, Hour, Leads, ModelDay, Rating, Rows, Summary, Times } from "../types.ts";
import { ConversationsByDay, CostByModel, MessagesByModel, TokensByModel } from "./by-day.tsx";
import { BusiestHours } from "./hours.tsx";
import { KeyFigures } from "./key-figures.tsx";
import { Latest } from "./latest.tsx";
import { LeadFunnel } from "./leads.tsx";
import { ResponseTimes } from "./response-times.tsx";
import { Satisfaction } from "./satisfaction.tsx";

const LATEST = "6";

/** What the overview is drawn from, all of one moment. */
export type Overview = {
  watched: Rows<Summary>;
  daily: Rows<Day>;
  models: Rows<ModelDay>;
  cost: Rows<Cost>;
  leads: Rows<Leads>;
  times: Rows<Times>;
  ratings: Rows<Rating>;
  hours: Rows<Hour>;
  latest: Rows<Conversation>;
};

/** Reads the overview, and again whenever the summary changes. */
export function useOverview(place: Place): Loaded<Overview> {
  const filters = filtersOf(place);
  const report = (name: string, more = {}) => apiAddress(`reports/${name}`, { ...filters, ...more });
  return useLive<Overview>(report("summary"), {
    daily: report("daily"),
    models: report("model-days"),
    cost: report("tokens", { by: "total" }),
    leads: report("leads", { by: "total" }),
    times: report("response-times"),
    ratings: report("satisfaction"),
    hours: report("hours"),
    latest: report("conversations", { limit: LATEST }),
  });
}

/** All figures of the range at a glance. */
export function OverviewView({ place, loaded }: { place: Place; loaded: Loaded<Overview> }) {
  const { data } = loaded;
  if (data === undefined) return <OverviewSkeleton />;
  const days = data.daily.rows.flatMap(({ day }) => day ?? []);
  const shared = { place, days };
  return (
    <div class={loaded.stale ? "stale" : ""} aria-busy={loaded.stale}>
      <KeyFigures data={data} />
      <div class="grid">
        <ConversationsByDay {...shared} rows={data.daily.rows} />
        <MessagesByModel {...shared} rows={data.models.rows} />
        <TokensByModel {...shared} rows={data.models.rows} />
        <CostByModel {...shared} rows={data.models.rows} />
        <LeadFunnel place={place} row={data.leads.rows[0]} />
        <ResponseTimes rows={data.times.rows} />
        <Satisfaction place={place} rows={data.ratings.rows} />
        <BusiestHours place={place} rows={data.hours.rows} />
        <Latest place={place} rows={data.latest.rows} />
      </div>
    </div>
  );
}

const PANELS = ["half", "half", "half", "half", "third", "third", "third", "half", "half"];

// The same sizes as what comes, so that nothing moves when it is there.
function OverviewSkeleton() {
  return (
    <div aria-busy="true">
      <p class="unseen" role="status">
        Loading the figures
      </p>
      <ul class="key-figures">
        {Array.from({ length: 7 }, (_, n) => (
          <li class="key-figure waiting" key={n} />
        ))}
      </ul>
      <div class="grid">
        {PANELS.map((size, n) => (
          <div class={`panel panel-${size} waiting ${n < 4 ? "waiting-tall" : "waiting-low"}`} key={n} />
        ))}
      </div>
    </div>
  );
}
