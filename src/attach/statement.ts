/** What `attach` was told. */
export type AttachWish = {
  name: string;
  messages: string;
  leads?: string | undefined;
  feedback?: string | undefined;
  /** For a view whose id is no column of a table: the table, and the id as an expression over its row `source`. */
  keys: Record<string, { table: string; key: string }>;
  /** For a table that no foreign key leads to: the query of the ids that hang on it, or null where it never changes. */
  parents: Record<string, string | null>;
  backfill: boolean;
};

/** The statement that attaches, as a person would write it. */
export function attachStatement(wish: AttachWish): string {
  const { name, messages, leads, feedback, keys, parents, backfill } = wish;
  const lines = [
    literal(name),
    `messages => ${literal(messages)}`,
    ...(leads === undefined ? [] : [`leads => ${literal(leads)}`]),
    ...(feedback === undefined ? [] : [`feedback => ${literal(feedback)}`]),
    ...(Object.keys(keys).length === 0 ? [] : [`keys => ${literal(JSON.stringify(keys, null, 2))}`]),
    ...(Object.keys(parents).length === 0 ? [] : [`parents => ${literal(JSON.stringify(parents, null, 2))}`]),
    ...(backfill ? [] : ["backfill => false"]),
  ];
  return `select metrics.attach(\n  ${lines.join(",\n  ")}\n);`;
}

/** The statement that detaches. */
export function detachStatement(name: string): string {
  return `select metrics.detach(${literal(name)});`;
}

/** A text as SQL writes it; right whatever standard_conforming_strings says. */
export function literal(text: string): string {
  const quoted = `'${text.replaceAll("'", "''").replaceAll("\\", "\\\\")}'`;
  return text.includes("\\") ? `E${quoted}` : quoted;
}

/** A name as SQL writes it: quoted where it must be. */
export function identifier(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) && !RESERVED.has(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

// Those that tables of chats are called by, of what PostgreSQL reserves.
const RESERVED = new Set(
  "all analyze and any array as asc both case cast check collate column constraint create current_role current_user default desc distinct do else end except false fetch for foreign from grant group having in initially intersect into lateral leading limit localtime not null offset on only or order placing primary references returning select session_user some symmetric system_user table then to trailing true union unique user using variadic when where window with".split(
    " ",
  ),
);
