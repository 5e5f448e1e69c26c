import { Levels } from "../charts/levels.tsx";
import { duration, integer } from "../format.ts";
import { Panel } from "../parts/panel.tsx";
import type { Times } from "../types.ts";

/** How long answers took: half of them at most p50, all but one of a hundred at most p99. */
export function ResponseTimes({ rows }: { rows: Times[] }) {
  const answers = rows.find(({ measure }) => measure === "answer");
  const steps = [
    { name: "Median", value: answers?.p50, before: answers?.previous_p50 },
    { name: "90% within", value: answers?.p90, before: answers?.previous_p90 },
    { name: "95% within", value: answers?.p95, before: answers?.previous_p95 },
    { name: "99% within", value: answers?.p99, before: answers?.previous_p99 },
  ];
  const measures = { answer: "Single answers", conversation: "Means of conversations", duration: "Durations" };
  return (
    <Panel
      title="Response times"
      note={`of ${integer(answers?.count ?? 0)} answers${answers?.is_exact === false ? ", within 1%" : ""}; grey: the period before`}
      size="third"
      height="low"
      empty={answers === undefined || answers.count === 0 ? "No answer with a known time in this range." : undefined}
      table={{
        columns: ["", "Mean", "Median", "90 %", "95 %", "99 %"],
        rows: rows.map((row) => [
          { text: measures[row.measure] },
          ...[row.average, row.p50, row.p90, row.p95, row.p99].map((value) => ({
            text: duration(value),
            number: true,
          })),
        ]),
      }}
    >
      <Levels
        levels={steps.map(({ name, value, before }) => ({
          ...{ name, value: value ?? 0, text: duration(value), faint: before ?? null },
          hint: before == null ? duration(value) : `${duration(value)}, before ${duration(before)}`,
        }))}
        label={`Response times: ${steps.map(({ name, value }) => `${name} ${duration(value)}`).join(", ")}`}
      />
    </Panel>
  );
}
