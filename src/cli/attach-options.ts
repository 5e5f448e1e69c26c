import type { AttachWish } from "../attach/statement.ts";
import { UserError } from "../errors.ts";
import { UNUSABLE } from "./report-error.ts";

/** The options of `attach` that say what to attach. */
export type AttachOptions = {
  messages?: string | undefined;
  leads?: string | undefined;
  feedback?: string | undefined;
  key?: string[] | undefined;
  parent?: string[] | undefined;
  backfill: boolean;
};

/** Reads them; throws a UserError with an example where one cannot be read. */
export function readWish(name: string | undefined, options: AttachOptions): AttachWish {
  const { messages, leads, feedback, backfill } = options;
  if (name === undefined || messages === undefined) {
    throw new UserError(`What is missing: ${name === undefined ? "the name of the source" : "--messages <view>"}.`, {
      hint: "npx conversation-metrics attach support --messages chat.messages_as_messages; see attach --help",
      exitCode: UNUSABLE,
    });
  }
  const keys = Object.fromEntries((options.key ?? []).map(readKey));
  const parents = Object.fromEntries((options.parent ?? []).map(readParent));
  return { name, messages, leads, feedback, keys, parents, backfill };
}

function readKey(text: string): [string, { table: string; key: string }] {
  const [, kind, table, key] = /^(messages|leads|feedback)=((?:"(?:[^"]|"")+"|[^":])+):(.+)$/s.exec(text) ?? [];
  if (kind === undefined || table === undefined || key === undefined) {
    throw wrongOption("--key", text, "messages=chat.lines:source.room || ':' || source.no");
  }
  return [kind, { table, key }];
}

function readParent(text: string): [string, string | null] {
  const [, table, query] = /^((?:"(?:[^"]|"")+"|[^"=])+)=(.+)$/s.exec(text) ?? [];
  if (table === undefined || query === undefined) {
    throw wrongOption("--parent", text, "chat.people=select m.id from changed join …, or chat.people=none");
  }
  return [table, query === "none" ? null : query];
}

function wrongOption(option: string, text: string, example: string): UserError {
  return new UserError(`${option} cannot be "${text}".`, {
    hint: `Like this: ${option} "${example}"`,
    exitCode: UNUSABLE,
  });
}
