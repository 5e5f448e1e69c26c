import { Levels } from "../charts/levels.tsx";
import { integer, money, percent } from "../format.ts";
import { addressOf, changed, goTo, type Place } from "../location.ts";
import { Panel } from "../parts/panel.tsx";
import type { Leads } from "../types.ts";

/** From conversations to leads that can be written to, and what one costs. */
export function LeadFunnel({ place, row }: { place: Place; row: Leads | undefined }) {
  const all = row?.conversations ?? 0;
  const list = (has_lead?: string) => changed(place, { view: "conversations", has_lead, after: undefined });
  const share = (part: number) => (all === 0 ? "" : ` · ${percent(part / all)}`);
  const steps = [
    { name: "All", value: all, text: integer(all), to: list() },
    {
      name: "With a lead",
      value: row?.converted_conversations ?? 0,
      text: `${integer(row?.converted_conversations)}${share(row?.converted_conversations ?? 0)}`,
      to: list("true"),
    },
    {
      name: "With e-mail",
      value: row?.leads_with_email ?? 0,
      text: `${integer(row?.leads_with_email)}${share(row?.leads_with_email ?? 0)}`,
      to: list("true"),
    },
  ];
  return (
    <Panel
      title="Lead funnel"
      note={row?.cost_per_lead == null ? "no lead with a known cost" : `${money(row.cost_per_lead)} per lead`}
      size="third"
      height="low"
      empty={all === 0 ? "No conversations in this range." : undefined}
      table={{
        columns: ["Step", "Number"],
        rows: [
          ...steps.map(({ name, text, to }) => [
            { text: name, href: addressOf(to) },
            { text, number: true },
          ]),
          [{ text: "Cost per lead" }, { text: money(row?.cost_per_lead), number: true }],
        ],
      }}
    >
      <Levels
        levels={steps.map(({ name, value, text }) => ({ name, value, text }))}
        label={`Lead funnel: ${steps.map(({ name, text }) => `${name} ${text}`).join(", ")}`}
        onPick={(index) => {
          const step = steps[index];
          if (step !== undefined) goTo(step.to);
        }}
      />
    </Panel>
  );
}
