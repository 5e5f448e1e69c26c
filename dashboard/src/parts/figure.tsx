import { change } from "../format.ts";
import { Trend } from "./trend.tsx";

type Props = {
  name: string;
  value: string;
  /** What the value leaves open, in a few words. */
  note: string;
  now: number | null | undefined;
  before: number | null | undefined;
  /** Whether more of it is good, bad, or neither. */
  more?: "good" | "bad";
  trend: (number | null)[];
};

/** A key figure: its value, how it changed against the period before, and its days. */
export function Figure({ name, value, note, now, before, more, trend }: Props) {
  const changed = change(now, before);
  return (
    <li class="key-figure">
      <h2>{name}</h2>
      <p class="value">
        <span>{value}</span>
        {changed === undefined ? null : (
          <span class={`change ${toneOf(changed.share, more)}`}>
            <span aria-hidden="true">
              {changed.text.startsWith("×") || changed.share === 0 ? "" : changed.share > 0 ? "↑" : "↓"}
            </span>
            {changed.text.replace(/^[+\-−]/, "")}
            <span class="unseen">{changed.share < 0 ? " less" : " more"} than in the period before</span>
          </span>
        )}
      </p>
      <p class="note">{note}</p>
      <Trend values={trend} />
    </li>
  );
}

function toneOf(share: number, more: Props["more"]): string {
  if (more === undefined || Math.abs(share) < 0.0005) return "";
  return share > 0 === (more === "good") ? "good" : "bad";
}
