import { Command, InvalidArgumentError, Option } from "@commander-js/extra-typings";
import type { Sql } from "../../database.ts";
import { UserError } from "../../errors.ts";
import type { Source } from "../../sources.ts";
import { counted, integer, shellWord } from "../format.ts";
import { helpText, UNUSABLE_CODE } from "../help.ts";
import { moment } from "../options.ts";
import { startProgress } from "../progress.ts";
import { FAILED, UNUSABLE } from "../report-error.ts";
import { type Session, withDatabase } from "../session.ts";
import { commandLine } from "../settings.ts";
import { chooseSources, howToAttach, sourceOption } from "../sources.ts";

const HELP = helpText({
  about: `
Moves the metrics of old sessions from conversation_metrics to conversation_metrics_archive, so that the
table that is written to stays small. Reports, sessions and verify know no difference, and whatever is
written to an archived session brings it back first. A worker archives every ten minutes by the rules set
here; without a rule nothing is archived. Messages stay where they are: they are your rows.`,
  examples: [
    ["npx conversation-metrics archive", "the rules, and how many sessions are where"],
    ["npx conversation-metrics archive set 180d", "sessions without a message for 180 days"],
    ["npx conversation-metrics archive set never --organization 7", "but none of this organization"],
    ["npx conversation-metrics archive run", "what is due, now"],
    ["npx conversation-metrics archive restore --organization 7", "bring them back"],
    ["npx conversation-metrics archive unset --organization 7", "the default holds for it again"],
  ],
  exitCodes: [[0, "shown, set or moved"], [1, "unset: there was no such rule; or the server refused"], UNUSABLE_CODE],
});

const BATCH = 500;

const organization = () => new Option("--organization <id>", "of this organization: none for the rows without one");

/** `archive`: rules by which old sessions are put aside, and moving them. */
export function archiveCommand() {
  const command = new Command("archive")
    .description("put the metrics of old sessions aside, and bring them back")
    .addOption(sourceOption())
    .option("--json", "print JSON")
    .addHelpText("after", HELP)
    .action((options, self) => withDatabase(self, (session) => list(session, options.source, options.json === true)));
  command
    .command("set")
    .description("when sessions are old: by default, or those of an organization")
    .argument("<age>", "since their last message: 180d, 26w, 6m, 1y, or never", age)
    .addOption(organization())
    .addOption(sourceOption())
    .action((after, options, self) => withDatabase(self, (session) => set(session, after, options)));
  command
    .command("unset")
    .description("take the default rule away, or that of an organization")
    .addOption(organization())
    .addOption(sourceOption())
    .action((options, self) => withDatabase(self, (session) => unset(session, options)));
  command
    .command("run")
    .description("archive what is due, now")
    .addOption(sourceOption())
    .action((options, self) => withDatabase(self, (session) => run(session, options.source)));
  command
    .command("restore")
    .description("bring archived sessions back, by when they began")
    .addOption(organization())
    .option("--from <time>", "that began at this time or later", moment)
    .option("--to <time>", "that began before this time", moment)
    .addOption(sourceOption())
    .action((options, self) => withDatabase(self, (session) => restore(session, options)));
  return command;
}

const UNITS: Record<string, string> = { d: "days", w: "weeks", m: "months", y: "years" };
const LONGEST: Record<string, number> = { d: 99_999, w: 52_000, m: 12_000, y: 1000 };

function age(text: string): string | null {
  if (text === "never") return null;
  const [, amount, unit = ""] = /^([1-9]\d{0,4}) ?(d|w|m|y)(?:ays?|eeks?|onths?|ears?)?$/.exec(text) ?? [];
  if (amount === undefined) throw new InvalidArgumentError("It must look like 180d, 26w, 6m, 1y, or be never.");
  if (Number(amount) > (LONGEST[unit] ?? 0)) throw new InvalidArgumentError("It is at most 1000 years.");
  return `${amount} ${UNITS[unit]}`;
}

type Chosen = { organization?: string | undefined; source?: string | undefined };

/** Which rule is meant: its organization (null: none), and whether it is the default. */
const ruleOf = ({ organization: id }: Chosen) => ({
  id: id === undefined || id === "none" ? null : id,
  isDefault: id === undefined,
});

type Rule = { source: string; organization_id: string | null; is_default: boolean; archive_after: string | null };
type Count = { source: string; sessions: number; archived: number };

async function list(session: Session, source: string | undefined, json: boolean): Promise<void> {
  const { sql, out } = session;
  const rules: Rule[] = [];
  const counts: Count[] = [];
  for (const { name, schema, home } of await chooseSources(session, source)) {
    rules.push(
      ...(await sql<Rule[]>`
        select ${name} as source, organization_id, is_default, archive_after::text
        from ${sql(`${schema}.archive_rules`)} order by is_default desc, organization_id nulls first`),
    );
    counts.push(
      ...(await sql<Count[]>`
        select ${name} as source, (select count(*)::float8 from ${sql(`${home}.conversation_metrics`)}) as sessions,
          (select count(*)::float8 from ${sql(`${home}.conversation_metrics_archive`)}) as archived`),
    );
  }
  if (json) return out.print(JSON.stringify({ rules, sources: counts }, null, 2));
  if (rules.length === 0) out.print("No rule: nothing is archived.");
  else {
    out.table(
      [{ name: "source" }, { name: "organization" }, { name: "archived after" }],
      rules.map((rule) => [
        rule.source,
        rule.is_default ? "all others" : (rule.organization_id ?? "none"),
        rule.archive_after ?? "never",
      ]),
    );
  }
  for (const { source: name, sessions, archived } of counts) {
    out.print(`${name}: ${counted(sessions, "session")}, and ${integer(archived)} archived.`);
  }
}

async function set(session: Session, after: string | null, options: Chosen): Promise<void> {
  const { sql, out } = session;
  const { id, isDefault } = ruleOf(options);
  const sources = await chooseSources(session, options.source);
  if (sources.length === 0) {
    throw new UserError("There is no source to set a rule for.", { hint: howToAttach(session), exitCode: UNUSABLE });
  }
  for (const { schema } of sources) {
    await sql`
      insert into ${sql(`${schema}.archive_rules`)} (organization_id, is_default, archive_after)
      values (${id}, ${isDefault}, ${after}::text::interval)
      on conflict (organization_id, is_default) do update set archive_after = excluded.archive_after`;
  }
  out.print(
    after === null
      ? `Sessions ${describe(options)} are not archived.`
      : `Sessions ${describe(options)} are archived after ${after} without a message.`,
  );
}

async function unset(session: Session, options: Chosen): Promise<void> {
  const { sql, out } = session;
  const { id, isDefault } = ruleOf(options);
  let taken = 0;
  for (const { schema } of await chooseSources(session, options.source)) {
    const rows = await sql`
      delete from ${sql(`${schema}.archive_rules`)}
      where is_default = ${isDefault} and organization_id is not distinct from ${id} returning 1`;
    taken += rows.length;
  }
  const rule = `rule for sessions ${describe(options)}`;
  if (taken === 0) process.exitCode = FAILED;
  out.print(taken > 0 ? `The ${rule} is gone.` : `There was no ${rule}.`);
}

function describe({ organization: id }: Chosen): string {
  if (id === undefined) return "of every organization without a rule of its own";
  return id === "none" ? "without an organization" : `of organization ${id}`;
}

async function run(session: Session, name: string | undefined): Promise<void> {
  const { sql, out, settings } = session;
  let total = 0;
  const sources = await chooseSources(session, name);
  const sessions = await countOld(sql, sources);
  const progress = startProgress({ label: "Archiving", unit: "sessions", total: sessions, quiet: settings.quiet });
  try {
    for (const { schema } of sources) {
      for (;;) {
        const [row] = await sql<[{ moved: number }]>`select ${sql(`${schema}.archive_sessions`)}(${BATCH}) as moved`;
        total += row.moved;
        progress.update(total);
        if (row.moved === 0) break;
      }
    }
  } finally {
    progress.stop();
  }
  out.print(`Archived ${counted(total, "session")}.`);
}

// About what there is to do: rules of single organizations may keep some of them.
async function countOld(sql: Sql, sources: Source[]): Promise<number> {
  let sessions = 0;
  for (const { home, schema } of sources) {
    const [row] = await sql<[{ n: number }]>`
      select count(*)::float8 as n from ${sql(`${home}.conversation_metrics`)}
      where conversation_start < now() - (select min(archive_after) from ${sql(`${schema}.archive_rules`)})`;
    sessions += row.n;
  }
  return sessions;
}

async function restore(
  session: Session,
  options: Chosen & { from?: Date | undefined; to?: Date | undefined },
): Promise<void> {
  const { sql, out, settings } = session;
  const id = options.organization;
  let total = 0;
  let rules = 0;
  for (const { schema } of await chooseSources(session, options.source)) {
    for (;;) {
      const [row] = await sql<[{ restored: number }]>`
        select ${sql(`${schema}.unarchive`)}(${id === "none" ? null : (id ?? null)}, ${id === "none"},
          ${options.from ?? null}, ${options.to ?? null}, ${BATCH}) as restored`;
      total += row.restored;
      if (row.restored === 0) break;
    }
    rules += (await sql`select from ${sql(`${schema}.archive_rules`)} where archive_after is not null`).length;
  }
  out.print(`Restored ${counted(total, "session")}.`);
  if (total === 0 || rules === 0) return;
  const which = [
    ...(id === undefined ? [] : [`--organization ${shellWord(id)}`]),
    ...(options.source === undefined ? [] : [`--source ${options.source}`]),
  ];
  const never = commandLine(settings, ["archive set never", ...which].join(" "));
  out.note(`What a rule calls old goes again within ten minutes. To keep it: ${never}`);
  if (id === undefined) out.note(`Organizations with a rule of their own: ${commandLine(settings, "archive")}`);
}
