import { compact, decimal, duration, integer, money, percent } from "../format.ts";
import { Figure } from "../parts/figure.tsx";
import type { Overview } from "./overview.tsx";

/** The figures that most people look for first. */
export function KeyFigures({ data }: { data: Overview }) {
  const [summary] = data.watched.rows;
  const [cost] = data.cost.rows;
  const days = data.daily.rows;
  if (summary === undefined) return null;
  const costs = costsByDay(data);
  return (
    <ul class="key-figures" aria-label="Key figures">
      <Figure
        name="Conversations"
        value={compact(summary.conversations)}
        note={`${decimal(ratio(summary.messages, summary.conversations), 1)} messages each`}
        now={summary.conversations}
        before={summary.previous_conversations}
        more="good"
        trend={days.map((day) => day.conversations)}
      />
      <Figure
        name="Messages"
        value={compact(summary.messages)}
        note={`${compact(summary.user_messages)} by users`}
        now={summary.messages}
        before={summary.previous_messages}
        more="good"
        trend={days.map((day) => day.messages)}
      />
      <Figure
        name="Tokens"
        value={compact(summary.total_tokens)}
        note={exactness(summary.estimated_messages)}
        now={summary.total_tokens}
        before={summary.previous_total_tokens}
        trend={days.map((day) => day.total_tokens)}
      />
      <Figure
        name="Cost"
        value={money(cost?.cost)}
        note={
          cost !== undefined && cost.unpriced_tokens > 0
            ? `${compact(cost.unpriced_tokens)} tokens unpriced`
            : "all tokens priced"
        }
        now={cost?.cost}
        before={cost?.previous_cost}
        more="bad"
        trend={days.map(({ day }) => costs.get(day) ?? 0)}
      />
      <Figure
        name="Leads"
        value={compact(summary.leads)}
        note={`${percent(summary.conversion_rate)} conversion`}
        now={summary.leads}
        before={summary.previous_leads}
        more="good"
        trend={days.map((day) => day.leads)}
      />
      <Figure
        name="Response time"
        value={duration(summary.average_response_time)}
        note="on average"
        now={summary.average_response_time}
        before={summary.previous_average_response_time}
        more="bad"
        trend={days.map((day) => day.average_response_time)}
      />
      <Figure
        name="Satisfaction"
        value={decimal(summary.average_satisfaction)}
        note={`of 5 · ${integer(summary.ratings)} ratings`}
        now={summary.average_satisfaction}
        before={summary.previous_average_satisfaction}
        more="good"
        trend={days.map((day) => day.average_satisfaction)}
      />
    </ul>
  );
}

const ratio = (a: number, b: number) => (b === 0 ? null : a / b);

const exactness = (estimated: number) =>
  estimated === 0 ? "all counted exactly" : `${compact(estimated)} messages estimated`;

function costsByDay({ models }: Overview): Map<string | null, number> {
  const costs = new Map<string | null, number>();
  for (const { day, cost } of models.rows) costs.set(day, (costs.get(day) ?? 0) + (cost ?? 0));
  return costs;
}
