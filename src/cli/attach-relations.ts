import type { AttachWish } from "../attach/statement.ts";
import { UserError } from "../errors.ts";
import { UNUSABLE } from "./report-error.ts";
import type { Session } from "./session.ts";
import { commandLine } from "./settings.ts";

/** Throws a UserError where a view or a table that `attach` is told of is not there. */
export async function requireRelations({ sql, settings }: Session, wish: AttachWish): Promise<void> {
  const { messages, leads, feedback, keys, parents } = wish;
  const views = [messages, leads, feedback].filter((name) => name !== undefined);
  const tables = [...Object.values(keys).map(({ table }) => table), ...Object.keys(parents)];
  const missing = await sql<{ name: string; is_view: boolean }[]>`
    select name, place <= ${views.length} as is_view
    from unnest(${[...views, ...tables]}::text[]) with ordinality as given (name, place)
    where to_regclass(name) is null order by place`;
  const [first] = missing;
  if (first === undefined) return;
  const write = 'Write it with its schema, and as SQL does: chat.messages_as_messages, public."Message".';
  const suggest = `A view is made first, which this proposes: ${commandLine(settings, "attach --suggest <table>")}`;
  throw new UserError(`There is no view or table ${missing.map(({ name }) => name).join(", ")}.`, {
    hint: first.is_view ? `${write} ${suggest}` : write,
    exitCode: UNUSABLE,
  });
}
