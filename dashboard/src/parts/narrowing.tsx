import { dayName, hourName, weekdayName } from "../format.ts";
import { changed, goTo, type Place } from "../location.ts";
import { addDays } from "../ranges.ts";
import { Link } from "./link.tsx";

/** What the list is narrowed down to: by a click on a chart, each with a way out, and by choices of its own. */
export function Narrowing({ place }: { place: Place }) {
  const set = (change: Record<string, string | undefined>) =>
    goTo(changed(place, { ...change, after: undefined }), true);
  const chips = chipsOf(place);
  return (
    <div class="narrowing">
      <label>
        <span>Lead</span>
        <select
          value={place.has_lead ?? ""}
          onChange={(event) => set({ has_lead: event.currentTarget.value || undefined })}
        >
          <option value="">With or without</option>
          <option value="true">With a lead</option>
          <option value="false">Without</option>
        </select>
      </label>
      <label>
        <span>Rating</span>
        <select value={ratingOf(place)} onChange={(event) => set(RATINGS[event.currentTarget.value] ?? {})}>
          <option value="">Any or none</option>
          <option value="good">4 and better</option>
          <option value="bad">Below 3</option>
          {ratingOf(place) === "other" && (
            <option value="other">
              {place.min_satisfaction} to {place.max_satisfaction}
            </option>
          )}
        </select>
      </label>
      <label>
        <span>Tokens, at least</span>
        <input
          type="number"
          min="0"
          step="100"
          inputMode="numeric"
          placeholder="0"
          value={place.min_tokens ?? ""}
          onChange={(event) => set({ min_tokens: event.currentTarget.value || undefined })}
        />
      </label>
      {chips.length > 0 && (
        <ul class="chips" aria-label="Narrowed down to">
          {chips.map(({ text, without }) => (
            <li key={text}>
              {text}
              <Link to={without} label={`Without: ${text}`}>
                ×
              </Link>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

const NO_LIMIT = { min_satisfaction: undefined, max_satisfaction: undefined };
const RATINGS: Record<string, Record<string, string | undefined>> = {
  "": NO_LIMIT,
  good: { ...NO_LIMIT, min_satisfaction: "4" },
  bad: { ...NO_LIMIT, max_satisfaction: "2.9999" },
};

function ratingOf({ min_satisfaction, max_satisfaction }: Place): string {
  if (min_satisfaction === undefined && max_satisfaction === undefined) return "";
  if (min_satisfaction === "4" && max_satisfaction === undefined) return "good";
  if (min_satisfaction === undefined && max_satisfaction === "2.9999") return "bad";
  return "other";
}

function chipsOf(place: Place): { text: string; without: Place }[] {
  const { on_from, on_to, weekday, hour } = place;
  const chips = [];
  if (on_from !== undefined && on_to !== undefined) {
    const last = addDays(on_to, -1);
    const text = last === on_from ? dayName(on_from) : `${dayName(on_from)} to ${dayName(last)}`;
    chips.push({ text, without: changed(place, { on_from: undefined, on_to: undefined, after: undefined }) });
  }
  if (weekday !== undefined || hour !== undefined) {
    const names = [
      ...(weekday === undefined ? [] : [weekdayName(Number(weekday))]),
      ...(hour === undefined ? [] : [hourName(Number(hour))]),
    ];
    chips.push({
      text: names.join(", "),
      without: changed(place, { weekday: undefined, hour: undefined, after: undefined }),
    });
  }
  return chips;
}
