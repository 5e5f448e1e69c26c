import { Option } from "@commander-js/extra-typings";
import { UserError } from "../errors.ts";
import { listSources, type Source } from "../sources.ts";
import { UNUSABLE } from "./report-error.ts";
import type { Session } from "./session.ts";
import { commandLine } from "./settings.ts";

/** The option by which a command keeps to one source. */
export const sourceOption = () => new Option("--source <name>", "only this source (default: all, see attach --list)");

/** The sources that a command is about: the named one, or all. Throws a UserError where there is none of that name. */
export async function chooseSources(session: Session, name: string | undefined): Promise<Source[]> {
  const sources = await listSources(session.sql);
  if (name === undefined) return sources;
  const chosen = sources.filter((source) => source.name === name);
  if (chosen.length > 0) return chosen;
  throw new UserError(`There is no source named ${name}: there ${describe(sources.map((source) => source.name))}.`, {
    hint: `See what is attached: ${commandLine(session.settings, "attach --list")}`,
    exitCode: UNUSABLE,
  });
}

function describe(names: string[]): string {
  return names.length === 1 ? `is only ${names[0]}` : `are ${names.join(", ")}`;
}
