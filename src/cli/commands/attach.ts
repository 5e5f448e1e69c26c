import { Command } from "@commander-js/extra-typings";
import { type AttachWish, attachStatement } from "../../attach/statement.ts";
import { readWish } from "../attach-options.ts";
import { requireRelations } from "../attach-relations.ts";
import { counted, integer, toSecond } from "../format.ts";
import { helpText } from "../help.ts";
import { type Session, withDatabase } from "../session.ts";
import { commandLine } from "../settings.ts";
import { readSourceStates, type SourceState } from "../source-state.ts";
import { chooseSources } from "../sources.ts";
import { asStatementError } from "../statement-error.ts";
import { suggest } from "../suggest.ts";

const HELP = helpText({
  about: `
Makes your own tables a source: from then on its metrics are kept by triggers, right at commit, in
metrics_<name>.conversation_metrics, and in all_conversation_metrics with those of all sources.

You write a view that maps your rows; columns are found by their names, others are ignored:
  messages   conversation_id, session_id, message or response (needed), organization_id, widget_id, user_id,
             role ('user', 'assistant', other), model, prompt_tokens, completion_tokens, created_at, responded_at
  leads      lead_id, session_id (needed), organization_id, name, email, company, created_at
  feedback   feedback_id, rating from 1 to 5, session_id or conversation_id (needed), organization_id
--suggest proposes one for a table of yours. Everything else: docs/attach.md.

--key says what the id is made of where it is no column as it stands, over the table's row "source".

--parent says which rows hang on a changed row of a table that no foreign key leads to; none: it never changes.
Both write names of tables with their schema.

A role of NULL is the user's; one that is none of both needs an else 'other'.
Attached again under the same name, a changed view is taken over and the metrics are healed.`,
  examples: [
    ["npx conversation-metrics attach --suggest chat.messages", "propose a view, to edit"],
    [
      "npx conversation-metrics attach support --messages chat.messages_as_messages",
      "attach it, and count what is there",
    ],
    ["npx conversation-metrics attach support --messages … --print", "the SQL for a migration of yours"],
    ["npx conversation-metrics attach support --messages … --no-backfill", "then: backfill --source support"],
    ["… --key \"messages=chat.lines:source.room || ':' || source.no\"", "an id of two columns"],
    ['… --parent "chat.people=select m.id from changed join … on …"', "a parent"],
    ["npx conversation-metrics attach --list", "the sources, their tables, rows and state"],
  ],
  exitCodes: [
    [0, "attached, printed, listed or suggested"],
    [1, "the server refused, and nothing changed"],
    [2, "wrong options, no such view or table, no database, or no way to it"],
  ],
});

const collect = (value: string, before: string[] = []) => [...before, value];

/** `attach`: makes an application's own tables a source. */
export function attachCommand() {
  return new Command("attach")
    .description("keep metrics over your own tables, by views that map their rows")
    .argument("[name]", "what the source is called: small letters, digits, underscores")
    .option("--messages <view>", "the view of messages")
    .option("--leads <view>", "the view of leads")
    .option("--feedback <view>", "the view of ratings")
    .option("--key <kind=table:expression>", "what the ids of a view are made of", collect)
    .option("--parent <table=query>", "the ids that hang on the rows named changed; or none", collect)
    .option("--no-backfill", "do not count existing rows now")
    .option("--print", "print the SQL, and run nothing")
    .option("--list", "list the sources")
    .option("--suggest <table>", "propose a view for a table of yours")
    .option("--json", "print JSON")
    .addHelpText("after", HELP)
    .action(async (name, options, command) => {
      await withDatabase(command, async (session) => {
        const { out } = session;
        if (options.list) return list(session, options.json === true);
        if (options.suggest !== undefined) return out.print(await suggest(session.sql, options.suggest, name));
        const wish = readWish(name, options);
        if (options.print) return out.print(attachStatement(wish));
        await attach(session, wish, options.json === true);
      });
    });
}

async function attach(session: Session, wish: AttachWish, json: boolean): Promise<void> {
  const { sql, out, settings } = session;
  await requireRelations(session, wish);
  const statement = attachStatement(wish);
  // The result of a program that reads JSON is the JSON alone.
  if (json) out.note(statement);
  else out.print(statement);
  const before = performance.now();
  await sql.unsafe(statement).catch((error: unknown) => {
    // An expression of --key or --parent, and the views: what they lack is not missing of ours.
    throw asStatementError(error, statement);
  });
  const seconds = (performance.now() - before) / 1000;
  const sources = await chooseSources(session, wish.name);
  const [state] = await readSourceStates(sql, sources);
  if (json) return out.print(JSON.stringify({ ...state, seconds }));
  if (state === undefined) return;
  out.print(
    `\nAttached ${wish.name}: ${counted(state.messages, "message row")} in ${counted(state.sessions, "session")} (${seconds.toFixed(1)} s).`,
  );
  if (state.failed > 0) {
    out.print(
      `The mapping fails on ${counted(state.failed, "row")}, which are not counted: ${commandLine(settings, "doctor")}`,
    );
  }
  if (!wish.backfill) out.print(`Count what is there: ${commandLine(settings, `backfill --source ${wish.name}`)}`);
  out.note(
    `See them: ${commandLine(settings, `sql "select * from ${sources[0]?.home}.conversation_metrics limit 5"`)}`,
  );
}

async function list(session: Session, json: boolean): Promise<void> {
  const { sql, out } = session;
  const states = await readSourceStates(sql, await chooseSources(session, undefined));
  if (json) return out.print(JSON.stringify(states, null, 2));
  out.table(
    [
      { name: "source" },
      { name: "tables" },
      { name: "sessions", number: true },
      { name: "messages", number: true },
      { name: "leads", number: true, spare: 1 },
      { name: "feedback", number: true, spare: 1 },
      { name: "failed", number: true },
      { name: "attached", spare: 2 },
    ],
    states.map(cells),
  );
}

function cells(state: SourceState): string[] {
  const parents = state.parents.length === 0 ? "" : ` (with ${state.parents.join(", ")})`;
  return [
    state.name,
    state.tables.join(", ") + parents,
    integer(state.sessions),
    integer(state.messages),
    integer(state.leads),
    integer(state.feedback),
    integer(state.failed),
    toSecond(state.attached_at),
  ];
}
