import { Argument, Command } from "@commander-js/extra-typings";
import { encodings } from "../../tokens/counter.ts";
import { helpText, UNUSABLE_CODE } from "../help.ts";
import { FAILED } from "../report-error.ts";
import { type Session, withDatabase } from "../session.ts";
import { commandLine } from "../settings.ts";

const HELP = helpText({
  about: `
The tokenizer that a message is counted with follows from its row's model: by exact name, else by the
longest prefix that the name begins with (without a provider's path and "ft:"), else by the default.
Upper and lower case are the same.`,
  examples: [
    ["npx conversation-metrics encodings", "which model is counted how"],
    ["npx conversation-metrics encodings set claude- cl100k_base --prefix", "a family"],
    ["npx conversation-metrics encodings set our-model o200k_base", "one model"],
    ["npx conversation-metrics encodings unset our-model", "back to prefix or default"],
    ["npx conversation-metrics encodings default cl100k_base", "for rows without a model, and models not listed"],
    ["npx conversation-metrics recount", "then: count again what this changes"],
  ],
  exitCodes: [[0, "shown, or changed"], [1, "unset: there was no such entry; or a statement failed"], UNUSABLE_CODE],
});

/** `encodings`: shows and changes which encoding counts which model. */
export function encodingsCommand() {
  const command = new Command("encodings")
    .description("which tokenizer counts the messages of which model")
    .option("--json", "print JSON")
    .addHelpText("after", HELP)
    .action(async (options, self) => {
      await withDatabase(self, (session) => list(session, options.json === true));
    });
  command
    .command("set")
    .description("count a model, or a family of models, with an encoding")
    .argument("<model>", "its name, or how the names begin")
    .addArgument(new Argument("<encoding>", "the encoding").choices(encodings))
    .option("--prefix", "for every model whose name begins so")
    .action(async (model, encoding, { prefix }, self) => {
      await withDatabase(self, (session) => set(session, model, prefix === true, encoding));
    });
  command
    .command("unset")
    .description("take an entry away")
    .argument("<model>", "as it is listed")
    .option("--prefix", "the entry of a family")
    .action(async (model, { prefix }, self) => {
      await withDatabase(self, (session) => unset(session, model, prefix === true));
    });
  command
    .command("default")
    .description("the encoding for rows without a model, and for models not listed")
    .addArgument(new Argument("<encoding>", "the encoding").choices(encodings))
    .action(async (encoding, _options, self) => {
      await withDatabase(self, (session) => set(session, "", true, encoding));
    });
  return command;
}

type Entry = { model: string; is_prefix: boolean; encoding: string };

async function list({ sql, out }: Session, json: boolean): Promise<void> {
  const entries = await sql<Entry[]>`
    select model, is_prefix, encoding::text from metrics.model_encodings
    order by model = '' and is_prefix, encoding desc, model, is_prefix`;
  if (json) return out.print(JSON.stringify(entries, null, 2));
  out.table(
    [{ name: "model" }, { name: "encoding" }],
    entries.map(({ model, is_prefix, encoding }) => [nameOf(model, is_prefix), encoding]),
  );
}

function nameOf(model: string, isPrefix: boolean): string {
  if (isPrefix && model === "") return "(default: no model, or one not listed)";
  return isPrefix ? `${model}…` : model;
}

async function set(session: Session, model: string, isPrefix: boolean, encoding: string): Promise<void> {
  await session.sql`
    insert into metrics.model_encodings (model, is_prefix, encoding)
    values (lower(${model}), ${isPrefix}, ${encoding}::metrics.encoding)
    on conflict (model, is_prefix) do update set encoding = excluded.encoding`;
  const isDefault = model === "" && isPrefix;
  const what = isDefault ? "What names no model, or none listed," : nameOf(model.toLowerCase(), isPrefix);
  session.out.print(`${what} is counted with ${encoding} from now on.`);
  sayRecount(session);
}

async function unset(session: Session, model: string, isPrefix: boolean): Promise<void> {
  const taken = await session.sql`
    delete from metrics.model_encodings where model = lower(${model}) and is_prefix = ${isPrefix} and model <> ''`;
  if (taken.count === 0) {
    process.exitCode = FAILED;
    const kind = isPrefix ? "prefix" : "model";
    return session.out.print(
      `There is no ${kind} "${model}" in the list${isPrefix ? "" : " (--prefix for a family)"}.`,
    );
  }
  session.out.print(`${nameOf(model.toLowerCase(), isPrefix)} is no longer listed.`);
  sayRecount(session);
}

function sayRecount({ out, settings }: Session): void {
  out.note(`Messages counted already keep their counts until: ${commandLine(settings, "recount")}`);
}
