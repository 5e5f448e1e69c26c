import { Levels } from "../charts/levels.tsx";
import { integer, percent } from "../format.ts";
import { addressOf, changed, goTo, type Place } from "../location.ts";
import { Panel } from "../parts/panel.tsx";
import type { Rating } from "../types.ts";

/** How ratings are distributed, the best first; the list behind one holds conversations with that mean rating. */
export function Satisfaction({ place, rows }: { place: Place; rows: Rating[] }) {
  const best = rows.toSorted((a, b) => b.rating - a.rating);
  const all = rows.reduce((sum, { ratings }) => sum + ratings, 0);
  const list = (rating: number) =>
    changed(place, {
      ...{ view: "conversations", after: undefined },
      min_satisfaction: String(Math.max(1, rating - 0.5)),
      max_satisfaction: String(Math.min(5, rating + 0.4999)),
    });
  const text = ({ ratings, share }: Rating) => `${integer(ratings)} · ${percent(share, 0)}`;
  return (
    <Panel
      title="Satisfaction"
      note={`${integer(all)} ratings, 1 to 5`}
      size="third"
      height="low"
      empty={all === 0 ? "No rating in this range." : undefined}
      table={{
        columns: ["Rating", "Ratings", "Share", "Conversations"],
        rows: best.map((row) => [
          { text: stars(row.rating), href: addressOf(list(row.rating)) },
          { text: integer(row.ratings), number: true },
          { text: percent(row.share), number: true },
          { text: integer(row.conversations), number: true },
        ]),
      }}
    >
      <Levels
        levels={best.map((row) => ({ name: stars(row.rating), value: row.ratings, text: text(row) }))}
        label={`Ratings: ${best.map((row) => `${stars(row.rating)} ${text(row)}`).join(", ")}`}
        onPick={(index) => {
          const row = best[index];
          if (row !== undefined) goTo(list(row.rating));
        }}
      />
    </Panel>
  );
}

const stars = (rating: number) => (rating === 1 ? "1 star" : `${rating} stars`);
