import { Command } from "@commander-js/extra-typings";
import { detachStatement } from "../../attach/statement.ts";
import { UserError } from "../../errors.ts";
import { confirm } from "../confirm.ts";
import { counted } from "../format.ts";
import { helpText } from "../help.ts";
import { UNUSABLE } from "../report-error.ts";
import { type Session, withDatabase } from "../session.ts";
import { readSourceStates } from "../source-state.ts";
import { chooseSources } from "../sources.ts";

const HELP = helpText({
  about: `
Takes back what attach did: the triggers on your tables, and the schema metrics_<name> with its metrics and
ledgers. Your tables, their rows and your views stay as they were. A view of yours over the metrics stops
it, and is named. attach brings the metrics back, counted again.`,
  examples: [
    ["npx conversation-metrics detach support", "asks first"],
    ["npx conversation-metrics detach support --yes", "in a script"],
    ["npx conversation-metrics detach support --print", "the SQL, for a migration of your own"],
  ],
  exitCodes: [
    [0, "detached"],
    [1, "the server refused, and nothing changed"],
    [2, "no such source, nobody there to ask, or no database"],
  ],
});

/** `detach`: takes an attached source back. */
export function detachCommand() {
  return new Command("detach")
    .description("take an attached source back; your tables stay as they were")
    .argument("<name>", "the source")
    .option("-y, --yes", "do not ask")
    .option("--print", "print the SQL, and run nothing")
    .addHelpText("after", HELP)
    .action(async (name, options, command) => {
      await withDatabase(command, async (session) => {
        if (options.print) return session.out.print(detachStatement(name));
        await detach(session, name, options.yes === true);
      });
    });
}

async function detach(session: Session, name: string, yes: boolean): Promise<void> {
  const { sql, out } = session;
  const sources = await chooseSources(session, name);
  if (!yes && !(await agreed(session, name, sources))) {
    out.print("Nothing was detached.");
    process.exitCode = UNUSABLE;
    return;
  }
  await sql.unsafe(detachStatement(name));
  out.print(`Detached ${name}: its metrics, ledgers and triggers are gone, your tables are as they were.`);
}

async function agreed({ sql }: Session, name: string, sources: Awaited<ReturnType<typeof chooseSources>>) {
  const [state] = await readSourceStates(sql, sources);
  const answer = await confirm(`Remove the metrics of ${counted(state?.sessions ?? 0, "session")} of ${name}?`);
  if (answer !== undefined) return answer;
  throw new UserError("Nobody can be asked here whether to detach it.", {
    hint: `Say it: npx conversation-metrics detach ${name} --yes`,
    exitCode: UNUSABLE,
  });
}
