import type { ComponentChildren } from "preact";
import { useId, useState } from "preact/hooks";

/** A cell of a table; a link opens what is behind it. */
export type Cell = { text: string; href?: string | undefined; number?: boolean };

type Props = {
  title: string;
  /** In one line, what the title leaves open. */
  note?: ComponentChildren;
  /** The same figures as a table, for those who want them so, or see no chart. */
  table?: { columns: string[]; rows: Cell[][] } | undefined;
  /** Without anything to show: why. */
  empty?: string | undefined;
  /** How much of the grid it takes. */
  size?: "wide" | "half" | "third";
  height?: "tall" | "low";
  legend?: ComponentChildren;
  children: ComponentChildren;
};

/** A chart with its title, and the table behind it. Its height is the same whatever it shows. */
export function Panel({ title, note, table, empty, size = "half", height = "tall", legend, children }: Props) {
  const [asTable, setAsTable] = useState(false);
  const id = useId();
  return (
    <section class={`panel panel-${size}`} aria-labelledby={id}>
      <header>
        <div>
          <h2 id={id}>{title}</h2>
          {note !== undefined && <p class="note">{note}</p>}
        </div>
        {table !== undefined && empty === undefined && (
          <button
            type="button"
            class="quiet"
            aria-pressed={asTable}
            aria-label={`${title} as a table`}
            onClick={() => setAsTable(!asTable)}
          >
            Table
          </button>
        )}
      </header>
      <div class={`figure figure-${height}`}>
        {empty !== undefined ? (
          <p class="empty">{empty}</p>
        ) : asTable && table !== undefined ? (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it.
          <section class="scroll" tabIndex={0} aria-label={`${title}, table`}>
            <FigureTable {...table} title={title} />
          </section>
        ) : (
          <div class="canvas">{children}</div>
        )}
      </div>
      {empty === undefined && !asTable && legend}
    </section>
  );
}

function FigureTable({ columns, rows, title }: { columns: string[]; rows: Cell[][]; title: string }) {
  return (
    <table class="figures">
      <caption class="unseen">{title}</caption>
      <thead>
        <tr>
          {columns.map((name, index) => (
            <th key={name} scope="col" class={rows[0]?.[index]?.number ? "number" : ""}>
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((cells, row) => (
          <tr key={`${row} ${cells[0]?.text}`}>
            {cells.map(({ text, href, number }, index) => (
              <td key={columns[index]} class={number ? "number" : ""}>
                {href === undefined ? text : <a href={href}>{text}</a>}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The names of a stack's colors. */
export function Legend({ entries }: { entries: { name: string; series: string }[] }) {
  return (
    <ul class="legend">
      {entries.map(({ name, series }) => (
        <li key={name}>
          <span class={`swatch ${series}`} />
          {name}
        </li>
      ))}
    </ul>
  );
}
