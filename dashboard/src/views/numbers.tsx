import { decimal, duration, integer, moment, NONE } from "../format.ts";
import type { Detail, Explained } from "../types.ts";

const SECONDS = new Set(["conversation_duration", "average_response_time"]);

/** Each number of a conversation: its value, whether the ledger adds up to it, and what it means. */
export function Numbers({ numbers, zone }: { numbers: Detail["numbers"]; zone: string }) {
  return (
    <section aria-labelledby="numbers-title">
      <h3 id="numbers-title">Where each number comes from</h3>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it may scroll, so the keyboard must reach it. */}
      <section class="numbers-table" tabIndex={0} aria-label="Numbers, table">
        <table class="figures numbers">
          <caption class="unseen">Each number, with its meaning</caption>
          <thead>
            <tr>
              <th scope="col">Number</th>
              <th scope="col" class="number">
                Value
              </th>
              <th scope="col">From the ledger</th>
              <th scope="col">Meaning</th>
            </tr>
          </thead>
          <tbody>
            {Object.entries(numbers).map(([name, number]) => (
              <tr key={name}>
                <th scope="row">{name.replaceAll("_", " ")}</th>
                <td class="number">{write(name, number.value, zone)}</td>
                <td>{ledgerText(number)}</td>
                <td class="meaning">{number.meaning}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </section>
  );
}

function write(name: string, value: Explained["value"], zone: string): string {
  if (value === null) return NONE;
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "string") return /^\d{4}-\d\d-\d\dT/.test(value) ? moment(value, zone, true) : value;
  if (SECONDS.has(name)) return duration(value);
  return Number.isInteger(value) ? integer(value) : decimal(value);
}

function ledgerText({ value, from_ledger }: Explained): string {
  if (from_ledger === undefined) return "";
  if (from_ledger === null || value === null) return from_ledger === value ? "the same" : "differs";
  return typeof value === "number" && Math.abs(value - from_ledger) < 1e-6
    ? "adds up"
    : `differs: ${integer(from_ledger)}`;
}
