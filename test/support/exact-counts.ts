import { modelToEncodingMap } from "gpt-tokenizer/mapping";
import type { TransactionSql } from "postgres";

// Another tokenizer than the engine's, with its own list of models.
const encoders = {
  cl100k_base: () => import("gpt-tokenizer/encoding/cl100k_base"),
  o200k_base: () => import("gpt-tokenizer/encoding/o200k_base"),
  p50k_base: () => import("gpt-tokenizer/encoding/p50k_base"),
  r50k_base: () => import("gpt-tokenizer/encoding/r50k_base"),
  p50k_edit: () => import("gpt-tokenizer/encoding/p50k_edit"),
  gpt2: () => import("gpt-tokenizer/encoding/gpt2"),
};
type Encoding = keyof typeof encoders;
const isEncoding = (name: string): name is Encoding => name in encoders;

const known = Object.entries(modelToEncodingMap).toSorted(([a], [b]) => b.length - a.length);

/** The encoding of a model by gpt-tokenizer's list: the longest name that the model's begins with, else o200k_base. */
export const encodingOf = (model: string | null): Encoding => {
  const name = (model ?? "").toLowerCase().replace(/^(.*\/)?(ft:)?/, "");
  const found = known.find(([prefix]) => name.startsWith(prefix))?.[1] ?? "o200k_base";
  return isEncoding(found) ? found : "o200k_base";
};

const plain = { disallowedSpecial: new Set<string>() };

/** How many tokens a text has; special tokens in it are ordinary text. */
export const countTokens = async (encoding: Encoding, text: string): Promise<number> =>
  (await encoders[encoding]()).countTokens(text, plain);

type Claim = {
  id: string;
  model: string | null;
  user_text: string | null;
  ai_texts: string[];
  prompt: number | null;
  completion: number | null;
};

// What the ledger says was counted exactly, beside the texts of the row as they are now. The ledger is asked which
// rows those are; how many tokens they have is counted here.
const claimsSql = `
  select own.id, own.model,
    case when own.role = 'user' then own.message end as user_text,
    array_remove(array[case when own.role = 'assistant' then own.message end, own.response], null) as ai_texts,
    case when l.prompt_source = 'tiktoken' then l.prompt_tokens end as prompt,
    case when l.completion_source = 'tiktoken' then l.completion_tokens end as completion
  from metrics.messages as l
  join (
    select own.*
    from (select null::text as role, null::text as response, null::text as model) as absent
    cross join lateral (
      select id::text as id, coalesce(role::text, 'user') as role, nullif(message::text, '') as message,
        nullif(response::text, '') as response, model::text as model
      from public.conversations
    ) as own
  ) as own on own.id = l.conversation_id::text
  where l.session_key is not null and 'tiktoken' in (l.prompt_source, l.completion_source)
  order by own.id`;

const countAll = async (encoding: Encoding, texts: string[]): Promise<number> => {
  let tokens = 0;
  for (const text of texts) tokens += await countTokens(encoding, text);
  return tokens;
};

/**
 * Counts again what the ledger says was counted exactly, hands the counts to the oracle for the rest of the
 * transaction, and returns a line for each that differs.
 */
export const recountClaims = async (tx: TransactionSql): Promise<string[]> => {
  const wrong: string[] = [];
  const exact: { id: string; prompt: number | null; completion: number | null }[] = [];
  for (const claim of await tx.unsafe<Claim[]>(claimsSql)) {
    const encoding = encodingOf(claim.model);
    const prompt =
      claim.prompt === null ? null : await countAll(encoding, claim.user_text === null ? [] : [claim.user_text]);
    const completion = claim.completion === null ? null : await countAll(encoding, claim.ai_texts);
    exact.push({ id: claim.id, prompt, completion });
    if (prompt !== claim.prompt) wrong.push(`row ${claim.id}: its prompt was counted ${claim.prompt}, has ${prompt}`);
    if (completion !== claim.completion)
      wrong.push(`row ${claim.id}: its completion was counted ${claim.completion}, has ${completion}`);
  }
  await tx`select set_config('oracle.exact_counts', ${JSON.stringify(exact)}, true)`;
  return wrong;
};
