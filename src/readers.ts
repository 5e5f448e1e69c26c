import { identifier, literal } from "./attach/statement.ts";

/** What `readers grant` was told. */
export type ReaderWish = {
  role: string;
  /** Organizations by their ids; null: the rows without one. */
  organizations: (string | null)[];
  all: boolean;
  bySetting: boolean;
  source?: string | undefined;
  reads: "rows" | "reports" | "texts";
};

/** The statement that grants, as a person would write it. */
export function grantStatement({ role, organizations, all, bySetting, source, reads }: ReaderWish): string {
  const named = organizations.filter((each) => each !== null);
  const given = [
    literal(role),
    ...(named.length === 0 ? [] : [`organizations => array[${named.map(literal).join(", ")}]`]),
    ...(organizations.includes(null) ? ["no_organization => true"] : []),
    ...(all ? ["all_organizations => true"] : []),
    ...(bySetting ? ["by_setting => true"] : []),
    ...(source === undefined ? [] : [`source => ${literal(source)}`]),
    ...(reads === "reports" ? [] : [`reads => ${literal(reads)}`]),
  ];
  return `select metrics.grant_reader(${given.join(", ")});`;
}

/** The statement that takes all of it away again. */
export function revokeStatement(role: string): string {
  return `select metrics.revoke_reader(${literal(role)});`;
}

/** The statements that give the HTTP API a role for the reads of one organization. */
export function apiStatements(role: string, options: { exists: boolean; major: number }): string {
  // From 16 on a role is made without the right to become it; before, without saying how.
  const how = options.major >= 16 ? " with inherit false, set true" : "";
  return [
    ...(options.exists ? [] : [`create role ${identifier(role)} nologin;`]),
    `grant ${identifier(role)} to current_user${how};`,
    grantStatement({ role, organizations: [], all: false, bySetting: true, reads: "texts" }),
  ].join("\n");
}
