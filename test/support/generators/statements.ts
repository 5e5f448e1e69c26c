import type { Random } from "./prng.ts";
import { type Column, columns, type Table, valueFor, values } from "./values.ts";

const rowCount = (r: Random) => r.pick([1, 1, 1, 1, 2, 3, 5, 20, 60]);

const row = (r: Random, table: Table, names: readonly Column[]) =>
  names.map((name) => valueFor(r, table, name)).join(", ");

const rows = (r: Random, table: Table, count: number) =>
  r.list(count, () => `(${row(r, table, columns[table])})`).join(", ");

/** Which rows: a few by key, some of many sessions, one session, or all. */
const where = (r: Random, table: Table) =>
  r.pick([
    () => `id = (select id from ${table} order by id % 7 = ${r.below(7)} desc, id limit 1)`,
    () => `id = (select max(id) from ${table})`,
    () => `id = ${values.id(r)}`,
    () => `id % ${2 + r.below(9)} = ${r.below(2)}`,
    () => `id in (select id from ${table} order by id desc limit ${r.below(5)})`,
    () => `session_id = ${values.session_id(r)} and organization_id is not distinct from ${values.organization_id(r)}`,
    () => (r.chance(0.2) ? "true" : "false"),
  ])();

const assignments = (r: Random, table: Table) => {
  const chosen = columns[table].filter(() => r.chance(0.25));
  const names = chosen.length > 0 ? chosen : [r.pick(columns[table])];
  return names.map((name) => `${name} = ${valueFor(r, table, name)}`).join(", ");
};

const insert = (r: Random, table: Table): string =>
  `insert into ${table} (${columns[table].join(", ")}) values ${rows(r, table, rowCount(r))}`;

const insertSelect = (r: Random, table: Table): string => {
  const names = columns[table].join(", ");
  return `insert into ${table} (${names}) select ${names} from ${table} where ${where(r, table)} limit 20`;
};

const upsert = (r: Random, table: Table): string => {
  const ids = new Set(r.list(rowCount(r), () => values.id(r)));
  const list = [...ids].map((id) => `(${id}, ${row(r, table, columns[table])})`).join(", ");
  const action = r.chance(0.7) ? `update set ${assignments(r, table)}` : "nothing";
  return `insert into ${table} (id, ${columns[table].join(", ")}) values ${list} on conflict (id) do ${action}`;
};

const update = (r: Random, table: Table): string =>
  `update ${table} set ${assignments(r, table)} where ${where(r, table)}`;

// Keys move between the explicit ones (1 to 40) and a far range, so that they are taken and given free.
const updateKey = (r: Random, table: Table): string =>
  `update ${table} set id = id + ${r.pick(["100000", "-100000", "1"])}${r.chance(0.5) ? `, ${assignments(r, table)}` : ""}
    where ${r.chance(0.5) ? `id = ${values.id(r)}` : `id = (select min(id) from ${table} where id > 99000)`}`;

const remove = (r: Random, table: Table): string => `delete from ${table} where ${where(r, table)}`;

const merge = (r: Random, table: Table): string => {
  const ids = `generate_series(${values.id(r)}, ${values.id(r)})`;
  const arms = [
    `when matched and t.id % 3 = ${r.below(3)} then delete`,
    `when matched then update set ${assignments(r, table)}`,
    `when not matched then insert (id, ${columns[table].join(", ")}) values (n, ${row(r, table, columns[table])})`,
  ].filter(() => r.chance(0.8));
  return `merge into ${table} as t using ${ids} as n on t.id = n ${arms.join(" ") || "when matched then do nothing"}`;
};

// From a program, so that it can be one of the statements of a transaction: the server reads it as it reads a client.
const copy = (r: Random): string => {
  const plain = (literal: string) => (literal === "null" ? "\\N" : literal.replaceAll("'", ""));
  const lines = r.list(rowCount(r), () => {
    const fields = [values.organization_id(r), values.session_id(r), values.role(r), values.created_at(r)].map(plain);
    return [...fields, r.pick(["\\N", "", "abcde", "日本語です"]), r.pick(["\\N", "", "ok"])].join("\t");
  });
  const format = lines.join("\n").replaceAll("\\", "\\\\").replaceAll("\t", "\\t").replaceAll("\n", "\\n");
  return `copy conversations (organization_id, session_id, role, created_at, message, response)
    from program $program$printf '${format}\\n'$program$`;
};

const moveByCte = (r: Random): string => {
  const names = columns.conversations.join(", ");
  return `with gone as (delete from conversations where ${where(r, "conversations")} returning *),
      known as (update leads set ${assignments(r, "leads")} where ${where(r, "leads")})
      insert into conversations (${names}) select ${names} from gone limit 30`;
};

const allTablesByCte = (r: Random): string =>
  `with said as (
      insert into conversations (${columns.conversations.join(", ")}) values ${rows(r, "conversations", 1 + r.below(4))} returning *
    ), known as (
      insert into leads (organization_id, session_id, name) select organization_id, session_id, 'Cte' from said
    ), changed as (
      update conversations set ${assignments(r, "conversations")} where ${where(r, "conversations")}
    )
    insert into feedback (conversation_id, rating) select id, ${values.rating(r)} from said`;

const truncate = (r: Random): string =>
  `truncate ${r.pick(["conversations, feedback", "leads", "feedback", "conversations, leads, feedback"])}`;

const table = (r: Random): Table => r.pick(["conversations", "conversations", "conversations", "leads", "feedback"]);

/** A random write of any kind. */
export const statement = (r: Random): string => {
  if (r.chance(0.004)) return truncate(r);
  if (r.chance(0.04)) return copy(r);
  if (r.chance(0.03)) return moveByCte(r);
  if (r.chance(0.03)) return allTablesByCte(r);
  const make = r.pick([
    insert,
    insert,
    insert,
    insertSelect,
    upsert,
    upsert,
    update,
    update,
    update,
    updateKey,
    remove,
    merge,
  ]);
  return make(r, table(r));
};
