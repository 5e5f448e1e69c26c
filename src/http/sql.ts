/** What a parameter of a statement can be. */
export type Parameter = string | number | boolean | null;

/** A piece of SQL with its parameters, to run or to put into another piece. */
export type Fragment = { readonly strings: readonly string[]; readonly values: readonly (Parameter | Fragment)[] };

/** A piece of SQL: what is put into it becomes a parameter, or is a piece itself. */
export function sql(strings: TemplateStringsArray, ...values: (Parameter | Fragment)[]): Fragment {
  return { strings, values };
}

/** A name as SQL has it, quoted; one with dots is a name in a schema. */
export function identifier(name: string): Fragment {
  return trusted(
    name
      .split(".")
      .map((part) => `"${part.replaceAll('"', '""')}"`)
      .join("."),
  );
}

/** A text that is SQL as it stands: never what somebody else wrote. */
export function trusted(text: string): Fragment {
  return { strings: [text], values: [] };
}

/** Pieces with commas between them. */
export function listed(fragments: Fragment[]): Fragment {
  return { strings: ["", ...fragments.slice(1).map(() => ", "), ""], values: fragments };
}

/** A piece as text with $1, $2, …, and its parameters. */
export function toStatement(fragment: Fragment): { text: string; values: Parameter[] } {
  const values: Parameter[] = [];
  const write = ({ strings, values: inner }: Fragment): string =>
    strings.map((text, index) => text + (index < inner.length ? place(inner[index] ?? null) : "")).join("");
  const place = (value: Parameter | Fragment): string => {
    if (typeof value === "object" && value !== null) return write(value);
    return `$${values.push(value)}`;
  };
  return { text: write(fragment), values };
}
