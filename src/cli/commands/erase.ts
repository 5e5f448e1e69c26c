import { Command } from "@commander-js/extra-typings";
import { UserError } from "../../errors.ts";
import { confirm } from "../confirm.ts";
import { integer } from "../format.ts";
import { helpText } from "../help.ts";
import { FAILED, UNUSABLE } from "../report-error.ts";
import { type Session, withDatabase } from "../session.ts";
import { asStatementError } from "../statement-error.ts";

const HELP = helpText({
  about: `
Erases a person: name, e-mail address, phone, company and custom_fields of their rows in leads, and with --user
their id in conversations and leads. Ledgers and metrics follow at once. That there was a lead stays, and so
does every number. Without --yes it shows what it finds, and asks.

Texts of messages and of feedback are never changed: it lists how many are theirs, with the statement that
erases them. Attached tables are their application's: it says which rows that has to change.`,
  examples: [
    ["npx conversation-metrics erase --email ada@mail.example", "shows what there is, and asks"],
    ["npx conversation-metrics erase --email ada@mail.example --user 42 --yes", "a lead and a user, in a script"],
    ["npx conversation-metrics erase --email ada@mail.example --organization 7", "of one tenant"],
    ["npx conversation-metrics erase --email ada@mail.example --dry-run --json", "whether anything is left"],
  ],
  exitCodes: [
    [0, "erased, and nothing is left"],
    [1, "something is left that is yours to erase; or the server refused, and nothing changed"],
    [2, "nobody there to ask, wrong options, no database, or no way to it"],
  ],
});

type Finding = { of_source: string; item: string; number: number; erased: boolean; to_do: string | null };

/** `erase`: erases a person. */
export function eraseCommand() {
  return new Command("erase")
    .description("erase a person from leads and metrics; every number stays")
    .option("--email <address>", "of the leads")
    .option("--user <id>", "of the user, as user_id has it")
    .option("--organization <id>", "of this organization only; none: the rows without one (default: all)")
    .option("--source <name>", "only this source (default: all, see attach --list)")
    .option("-y, --yes", "do not ask")
    .option("--dry-run", "only show what there is")
    .option("--json", "print JSON")
    .addHelpText("after", HELP)
    .action((options, command) => {
      if (options.email === undefined && options.user === undefined) {
        throw new UserError("It is not said whom to erase.", {
          hint: "Say --email <address>, --user <id>, or both.",
          exitCode: UNUSABLE,
        });
      }
      return withDatabase(command, async (session) => {
        if (!options.yes && !options.dryRun && !(await agreed(session, options))) {
          process.exitCode = UNUSABLE;
          return session.out.print("Nothing was erased.");
        }
        const found = await erase(session, options, options.dryRun === true);
        if (options.json) session.out.print(JSON.stringify(found, null, 2));
        else show(session, found);
        if (found.some(isLeft)) process.exitCode = FAILED;
      });
    });
}

type Person = {
  email?: string | undefined;
  user?: string | undefined;
  organization?: string | undefined;
  source?: string | undefined;
};

async function erase({ sql }: Session, person: Person, dryRun: boolean): Promise<Finding[]> {
  const { email = null, user = null, organization, source = null } = person;
  const isNone = organization === "none";
  try {
    return await sql<Finding[]>`
      select of_source, item, number::float8, erased, to_do
      from metrics.erase_person(${email}, ${user}, ${isNone ? null : (organization ?? null)}, ${isNone}, ${source}, ${dryRun})`;
  } catch (error) {
    throw asStatementError(error, "");
  }
}

const isLeft = ({ number, erased }: Finding) => !erased && number > 0;

async function agreed(session: Session, person: Person): Promise<boolean> {
  const found = await erase(session, person, true);
  show(session, found);
  const answer = await confirm("Erase the contact details of this person?");
  if (answer !== undefined) return answer;
  throw new UserError("Nobody can be asked here whether to erase this person.", {
    hint: "Say it: --yes. Only look: --dry-run",
    exitCode: UNUSABLE,
  });
}

function show({ out }: Session, found: Finding[]): void {
  out.table(
    [{ name: "source" }, { name: "what" }, { name: "found", number: true }, { name: "state" }],
    found.map(({ of_source, item, number, erased }) => [
      of_source,
      item,
      integer(number),
      number === 0 ? "none" : erased ? "erased" : "there",
    ]),
  );
  for (const { to_do } of found) if (to_do !== null) out.print(`\n${to_do}`);
}
