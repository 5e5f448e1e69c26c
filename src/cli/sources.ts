import { Option } from "@commander-js/extra-typings";
import { UserError } from "../errors.ts";
import { listSources, type Source } from "../sources.ts";
import { UNUSABLE } from "./report-error.ts";
import type { Session } from "./session.ts";
import { commandLine } from "./settings.ts";

/** The option by which a command keeps to one source. */
export const sourceOption = () => new Option("--source <name>", "only this source (default: all, see attach --list)");

/** The option by which a command takes one source. */
export const oneSourceOption = () =>
  new Option("--source <name>", "of which source (default: the one named default, else the only one)");

/** What to do where no source is there. */
export const howToAttach = ({ settings }: Session) => `Attach your tables: ${commandLine(settings, "attach --help")}`;

/** The sources that a command is about: the named one, or all. Throws a UserError where there is none of that name. */
export async function chooseSources(session: Session, name: string | undefined): Promise<Source[]> {
  const sources = await listSources(session.sql);
  if (name === undefined) {
    if (sources.length === 0)
      session.out.note(`Nothing is attached yet, so nothing is counted. ${howToAttach(session)}`);
    return sources;
  }
  const chosen = sources.filter((source) => source.name === name);
  if (chosen.length > 0) return chosen;
  throw unknown(session, name, sources);
}

/** The one source that a command is about: the named one, else the one named default, else the only one. */
export async function chooseSource(session: Session, name: string | undefined): Promise<Source> {
  const sources = await listSources(session.sql);
  const [first, second] = sources;
  const chosen =
    name === undefined && second === undefined ? first : sources.find((source) => source.name === (name ?? "default"));
  if (chosen !== undefined) return chosen;
  if (name !== undefined || first === undefined) throw unknown(session, name ?? "default", sources);
  throw new UserError(`It is not said of which source: there ${describe(sources)}.`, {
    hint: `Name one: --source ${first.name}`,
    exitCode: UNUSABLE,
  });
}

function unknown(session: Session, name: string, sources: Source[]): UserError {
  const there = sources.length === 0 ? "nothing is attached yet" : `there ${describe(sources)}`;
  const list = `See what is attached: ${commandLine(session.settings, "attach --list")}`;
  return new UserError(`There is no source named ${name}: ${there}.`, {
    hint: sources.length === 0 ? howToAttach(session) : list,
    exitCode: UNUSABLE,
  });
}

function describe(sources: Source[]): string {
  const names = sources.map(({ name }) => name);
  return names.length === 1 ? `is only ${names[0]}` : `are ${names.join(", ")}`;
}
