import { Command, InvalidArgumentError } from "@commander-js/extra-typings";
import { NONE, toSecond } from "../format.ts";
import { helpText, UNUSABLE_CODE } from "../help.ts";
import { moment } from "../options.ts";
import { FAILED } from "../report-error.ts";
import { type Session, withDatabase } from "../session.ts";
import { WHOLE } from "../table.ts";

const HELP = helpText({
  about: `
Prices are of 1,000,000 tokens. Reports charge each message the price of its time: by exact name, else by the
longest prefix that the name begins with (without a provider's path), each at its latest price of then.
Those that were shipped are list prices as known on the day shown: check them.`,
  examples: [
    ["npx conversation-metrics prices", "what costs what, and since when"],
    ["npx conversation-metrics prices set our-model 0.20 0.80", "prompt and completion tokens, since ever"],
    ["npx conversation-metrics prices set gpt-4o 2 8 --from 2026-12-01Z", "a new price; the old one stays for before"],
    ["npx conversation-metrics prices set claude- 3 15 --prefix", "a family"],
    ["npx conversation-metrics prices unset our-model", "unpriced again: all its prices go"],
  ],
  exitCodes: [[0, "shown, or changed"], [1, "unset: there was no such price; or a statement failed"], UNUSABLE_CODE],
});

/** `prices`: shows and changes what the tokens of which model cost. */
export function pricesCommand() {
  const command = new Command("prices")
    .description("what the tokens of which model cost, for the reports")
    .option("--json", "print JSON")
    .addHelpText("after", HELP)
    .action(async (options, self) => {
      await withDatabase(self, (session) => list(session, options.json === true));
    });
  command
    .command("set")
    .description("give a model, or a family of models, a price")
    .argument("<model>", "its name, or how the names begin")
    .argument("<prompt>", "price of 1,000,000 prompt tokens", amount)
    .argument("<completion>", "price of 1,000,000 completion tokens", amount)
    .option("--from <time>", "since when (default: since ever)", moment)
    .option("--currency <code>", "its currency", currency, "USD")
    .option("--prefix", "for every model whose name begins so")
    .action(async (model, prompt, completion, options, self) => {
      await withDatabase(self, (session) => set(session, { model, prompt, completion, ...options }));
    });
  command
    .command("unset")
    .description("take the prices of a model away, all or that of one time")
    .argument("<model>", "as it is listed")
    .option("--from <time>", "only the one that holds since then", moment)
    .option("--currency <code>", "its currency", currency, "USD")
    .option("--prefix", "those of a family")
    .action(async (model, options, self) => {
      await withDatabase(self, (session) => unset(session, { model, ...options }));
    });
  return command;
}

// As text to the server, which keeps it exact.
function amount(text: string): string {
  if (!/^\d{1,9}(\.\d{1,9})?$/.test(text)) throw new InvalidArgumentError("It must be an amount like 2.50.");
  return text;
}

function currency(text: string): string {
  if (!/^[A-Za-z]{3}$/.test(text)) throw new InvalidArgumentError("It must be a code like USD.");
  return text.toUpperCase();
}

type Entry = {
  model: string;
  is_prefix: boolean;
  valid_from: string | null;
  prompt_price: string;
  completion_price: string;
  currency: string;
  source: string | null;
  known_on: string | null;
};

async function list({ sql, out }: Session, json: boolean): Promise<void> {
  const entries = await sql<Entry[]>`
    select model, is_prefix,
      case when isfinite(valid_from) then (to_json(valid_from at time zone 'UTC') #>> '{}') || '+00:00' end as valid_from,
      prompt_price::text, completion_price::text, currency, source, known_on::text
    from metrics.model_prices as p
    order by model, is_prefix, currency, p.valid_from`;
  if (json) return out.print(JSON.stringify(entries, null, 2));
  out.table(
    [
      { name: "model", min: WHOLE },
      { name: "since", min: WHOLE },
      { name: "prompt", number: true },
      { name: "completion", number: true },
      { name: "currency", spare: 1 },
      { name: "known on", min: WHOLE, spare: 2 },
    ],
    entries.map((each) => [
      nameOf(each.model, each.is_prefix),
      each.valid_from === null ? NONE : dayOrTime(each.valid_from),
      each.prompt_price,
      each.completion_price,
      each.currency,
      each.known_on ?? NONE,
    ]),
  );
  const sources = new Set(entries.map(({ source }) => source).filter((source) => source !== null));
  if (sources.size > 0) out.note(`Those with a day under "known on" are from: ${[...sources].join(", ")}.`);
}

const dayOrTime = (time: string) => toSecond(time).replace(/ 00:00:00\+00$/, "");

function nameOf(model: string, isPrefix: boolean): string {
  return isPrefix ? `${model}…` : model;
}

type Given = { model: string; prefix?: true | undefined; from?: Date | undefined; currency: string };

async function set({ sql, out }: Session, given: Given & { prompt: string; completion: string }): Promise<void> {
  const { model, prompt, completion, currency } = given;
  const isPrefix = given.prefix === true;
  await sql`
    insert into metrics.model_prices (model, is_prefix, valid_from, prompt_price, completion_price, currency)
    values (lower(${model}), ${isPrefix}, ${given.from?.toISOString() ?? "-infinity"}::text::timestamptz, ${prompt}, ${completion}, ${currency})
    on conflict (model, is_prefix, currency, valid_from) do update
    set prompt_price = excluded.prompt_price, completion_price = excluded.completion_price, source = null, known_on = null`;
  const since = given.from === undefined ? "" : ` since ${given.from.toISOString()}`;
  out.print(`${nameOf(model.toLowerCase(), isPrefix)} costs ${prompt} and ${completion} ${currency}${since}.`);
}

async function unset({ sql, out }: Session, given: Given): Promise<void> {
  const isPrefix = given.prefix === true;
  const taken = await sql`
    delete from metrics.model_prices
    where model = lower(${given.model}) and is_prefix = ${isPrefix} and currency = ${given.currency}
      and valid_from = coalesce(${given.from ?? null}, valid_from)`;
  const name = nameOf(given.model.toLowerCase(), isPrefix);
  if (taken.count === 0) {
    process.exitCode = FAILED;
    return out.print(`There is no such price of ${name}.`);
  }
  out.print(`${name}: ${taken.count} ${taken.count === 1 ? "price" : "prices"} taken away.`);
}
