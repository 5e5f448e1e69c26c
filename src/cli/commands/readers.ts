import { Command, Option } from "@commander-js/extra-typings";
import { UserError } from "../../errors.ts";
import { apiStatements, grantStatement, type ReaderWish, revokeStatement } from "../../readers.ts";
import { helpText } from "../help.ts";
import { listReaders } from "../reader-list.ts";
import { UNUSABLE } from "../report-error.ts";
import { type Session, withDatabase } from "../session.ts";
import { asStatementError } from "../statement-error.ts";

const HELP = helpText({
  about: `
A reader is a role that reads the metrics and reports of its organizations and nothing of others, whatever
it asks: the database keeps them apart, by row-level security. "none" stands for the rows without an
organization. Granted again, a role reads the one beside the other; revoke takes all of it away.

--by-setting is for an application that serves many tenants by one role: it reads the organization that
each transaction names (set local conversation_metrics.organization = '7'), and nothing without. It can
name any: grant it to an application that you trust with all of them.

api gives the HTTP API such a role, so that a key of an organization is kept to it by the database as
well. Each prints the SQL that it runs; --print only prints it.`,
  examples: [
    ["npx conversation-metrics readers", "who reads what"],
    ["npx conversation-metrics readers grant bi_acme 7 8", "two organizations, in every source"],
    ["npx conversation-metrics readers grant bi_acme 7 --source support", "in one source"],
    ["npx conversation-metrics readers grant analyst --all", "all of them"],
    ["npx conversation-metrics readers grant portal --by-setting", "the one that a transaction names"],
    ["npx conversation-metrics readers revoke bi_acme", "all that it reads"],
    ["npx conversation-metrics readers api", "a role for the HTTP API"],
  ],
  exitCodes: [
    [0, "shown, granted or revoked"],
    [1, "the server refused, and nothing changed"],
    [2, "wrong options, no database, or no way to it"],
  ],
});

const ROLE = ["<role>", "a role of the database"] as const;
const PRINT = ["--print", "print the SQL, and run nothing"] as const;

/** `readers`: which roles read which organizations. */
export function readersCommand() {
  const command = new Command("readers")
    .description("which roles read which organizations, kept apart by the database")
    .option("--json", "print JSON")
    .addHelpText("after", HELP)
    .action((options, self) => withDatabase(self, (session) => listReaders(session, options.json === true)));
  command
    .command("list")
    .description("who reads what, as without a command")
    .option("--json", "print JSON")
    .action((options, self) => withDatabase(self, (session) => listReaders(session, options.json === true)));
  command
    .command("grant")
    .description("let a role read organizations, beside those that it reads already")
    .argument(...ROLE)
    .argument("[organizations...]", "their ids; none: the rows without one")
    .option("--all", "all organizations")
    .option("--by-setting", "the organization that each transaction names")
    .option("--source <name>", "of this source only (default: of each, also those attached later)")
    .addOption(
      new Option("--reads <what>", "what it has the rights for: rows alone, reports, or texts too")
        .choices(["rows", "reports", "texts"] as const)
        .default("reports" as const),
    )
    .option(...PRINT)
    .action((role, organizations, options, self) => {
      const wish = wishOf(role, organizations, options);
      const done = `${role} reads ${describe(wish)}.`;
      return withDatabase(self, (session) => run(session, grantStatement(wish), options.print, done));
    });
  command
    .command("revoke")
    .description("take from a role all that it reads")
    .argument(...ROLE)
    .option(...PRINT)
    .action((role, options, self) =>
      withDatabase(self, (session) => run(session, revokeStatement(role), options.print, `${role} reads nothing.`)),
    );
  command
    .command("api")
    .description("make a role that the HTTP API takes for the reads of one organization")
    .option("--role <name>", "what it is called (default: <database>_metrics_api); it may be there already")
    .option(...PRINT)
    .action((options, self) => withDatabase(self, (session) => giveApi(session, options.role, options.print)));
  return command;
}

type Options = {
  all?: true | undefined;
  bySetting?: true | undefined;
  source?: string | undefined;
  reads: ReaderWish["reads"];
};

function wishOf(role: string, organizations: string[], { all, bySetting, source, reads }: Options): ReaderWish {
  if (organizations.length === 0 && !all && !bySetting) {
    throw new UserError(`It is not said what ${role} may read.`, {
      hint: "Name organizations (none: the rows without one), or say --all or --by-setting.",
      exitCode: UNUSABLE,
    });
  }
  const ids = organizations.map((each) => (each === "none" ? null : each));
  return { role, organizations: ids, all: all === true, bySetting: bySetting === true, source, reads };
}

function describe({ organizations, all, bySetting, source }: ReaderWish): string {
  const of = all
    ? "all organizations"
    : bySetting
      ? "the organization that each transaction names"
      : named(organizations);
  return source === undefined ? of : `${of} of ${source}`;
}

function named(organizations: (string | null)[]): string {
  const ids = organizations.filter((each) => each !== null);
  return [
    ...(ids.length === 0 ? [] : [`organization ${ids.join(", ")}`]),
    ...(organizations.includes(null) ? ["the rows without one"] : []),
  ].join(" and ");
}

// Its name holds that of the database: whoever may become it elsewhere would read here as well.
async function giveApi(session: Session, given: string | undefined, print: true | undefined): Promise<void> {
  const [row] = await session.sql<[{ database: string; major: number; known: string[] }]>`
    select current_database() as database, current_setting('server_version_num')::int / 10000 as major,
      array(select rolname::text from pg_roles) as known`;
  const role = given ?? `${row.database.slice(0, 51)}_metrics_api`;
  const exists = row.known.includes(role);
  const [reader] = await session.sql`
    select from metrics.readers where scope = 'setting' and role::text = quote_ident(${role})`;
  if (exists && given === undefined && reader === undefined) {
    throw new UserError(`There is a role ${role} already, and it is no reader of this database.`, {
      hint: `If it is meant: npx conversation-metrics readers api --role ${role}`,
      exitCode: UNUSABLE,
    });
  }
  const done = `The HTTP API reads as ${role} for keys of one organization, from now on.`;
  await run(session, apiStatements(role, { exists, major: row.major }), print, done);
}

async function run({ sql, out }: Session, statements: string, print: true | undefined, done: string): Promise<void> {
  if (print) return out.print(statements);
  out.note(statements);
  try {
    await sql.unsafe(statements);
  } catch (error) {
    throw asStatementError(error, statements);
  }
  out.print(done);
}
