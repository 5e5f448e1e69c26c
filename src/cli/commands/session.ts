import { Command } from "@commander-js/extra-typings";
import { UserError } from "../../errors.ts";
import { explainSession } from "../explain-session.ts";
import { integer, NONE, shellWord } from "../format.ts";
import { helpText } from "../help.ts";
import { wholeNumber } from "../options.ts";
import { FAILED, UNUSABLE } from "../report-error.ts";
import { type Session, withDatabase } from "../session.ts";
import { printSessionJson } from "../session-json.ts";
import type { SessionOf } from "../session-rows.ts";
import { commandLine } from "../settings.ts";
import { chooseSources, sourceOption } from "../sources.ts";

const HELP = helpText({
  about: `
Shows the metrics of one session and the ledger entries that each number comes from: what every message,
lead and rating was counted for.`,
  examples: [
    ["npx conversation-metrics session s-1", "the session s-1, if one organization has it"],
    ["npx conversation-metrics session s-1 --organization 7", "that of organization 7"],
    ["npx conversation-metrics session s-1 --organization none", "that without an organization"],
    ["npx conversation-metrics session s-1 --json", "everything, for a program"],
  ],
  exitCodes: [
    [0, "shown"],
    [1, "no such session"],
    [2, "several organizations have it, or the command cannot run"],
  ],
});

/** `session`: one session, explained. */
export function sessionCommand() {
  return new Command("session")
    .description("the metrics of one session, and where each number comes from")
    .argument("<session_id>", "its session_id")
    .option("-o, --organization <id>", "its organization; none for rows without one")
    .addOption(sourceOption())
    .option("-n, --limit <rows>", "how many messages the table shows", wholeNumber(1), 50)
    .option("--json", "print JSON")
    .addHelpText("after", HELP)
    .action(async (sessionId, options, command) => {
      await withDatabase(command, async (session) => {
        const found = await findSession(session, sessionId, options);
        if (options.json) return printSessionJson(session, found);
        await explainSession(session, found, options.limit);
      });
    });
}

type Found = {
  source: string;
  session_key: string;
  organization_id: string | null;
  total_messages: number;
  conversation_end: string | null;
};

type Wanted = { organization?: string | undefined; source?: string | undefined };

async function findSession(session: Session, id: string, { organization, source }: Wanted): Promise<SessionOf> {
  const sources = await chooseSources(session, source);
  const of = organization === "none" ? null : (organization ?? null);
  const found = await session.sql<Found[]>`
    select source, session_key, organization_id, total_messages, conversation_end::timestamptz(0)::text
    from public.all_conversation_metrics
    where session_id = ${id} and source = any(${sources.map(({ name }) => name)})
      and (${organization === undefined} or organization_id is not distinct from ${of})
    order by source <> 'default', source, organization_id`;
  const [first, second] = found;
  const home = sources.find(({ name }) => name === first?.source);
  if (first === undefined || home === undefined) throw unknownSession(session, id, organization);
  if (second === undefined) return { source: home, key: first.session_key };
  throw severalSessions(session, id, found, first);
}

function severalSessions({ out, settings }: Session, id: string, found: Found[], first: Found): UserError {
  const several = found.some(({ source }) => source !== first.source);
  const rows = found.map((row) => [
    ...(several ? [row.source] : []),
    row.organization_id ?? "none",
    integer(row.total_messages),
    row.conversation_end ?? NONE,
  ]);
  const columns = [{ name: "organization" }, { name: "messages", number: true }, { name: "last" }];
  out.table(several ? [{ name: "source" }, ...columns] : columns, rows);
  const organization = `--organization ${shellWord(first.organization_id ?? "none")}`;
  const which = several ? `--source ${first.source} ${organization}` : organization;
  const whose = several
    ? `${found.length} sessions are called ${id}`
    : `${found.length} organizations have a session ${id}`;
  return new UserError(`${whose}.`, {
    hint: `Name one: ${commandLine(settings, `session ${shellWord(id)} ${which}`)}`,
    exitCode: UNUSABLE,
  });
}

function unknownSession({ settings }: Session, id: string, organization: string | undefined): UserError {
  const where =
    organization === undefined
      ? ""
      : organization === "none"
        ? " without an organization"
        : ` in organization ${organization}`;
  return new UserError(`There is no session ${id}${where}.`, {
    hint: `A session needs a row of messages. See what there is: ${commandLine(settings, "recent --minutes 1440")}`,
    exitCode: FAILED,
  });
}
