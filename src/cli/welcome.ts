import { styleText } from "node:util";
import type { HttpSettings } from "../http/settings.ts";
import { LINK_MINUTES } from "../keys/login.ts";
import { psqlLines } from "./psql-line.ts";
import { type CliSettings, commandLine } from "./settings.ts";
import type { WaysIn } from "./sign-in.ts";

/** How to connect to the database, as lines to copy. */
export function howToConnect(url: string, table: string, settings: CliSettings): string {
  const psql = psqlLines(url, settings, { isSeen: process.stdout.isTTY });
  return `
${styleText("bold", "Connect")}
${psql.map((line) => `  ${line}`).join("\n")}
  ${commandLine(settings, `sql "select * from ${table} limit 5"`)}`;
}

/** Where the HTTP API is, and what is left out of it as it is set. */
export function howToCall(url: string, { app, service }: HttpSettings, ways: WaysIn, settings: CliSettings): string {
  const { link, key } = ways;
  const notes = [
    ...(key === undefined ? [] : ["A key for programs, of scope admin, shown only now:", `  ${key}`]),
    `${ways.hasKeys ? "Another" : "A"} key: ${commandLine(settings, "keys create --help")}`,
    `${link === undefined ? "A" : "Another"} link: ${commandLine(settings, `keys login --url ${url}`)}`,
    app.localAccess
      ? "From this machine everything answers without a key, unless LOCAL_ACCESS=off."
      : "Whoever calls it needs a key.",
    ...(service === undefined ? ["No OPENAI_API_KEY: a built-in responder answers POST /api/chat, and says so."] : []),
  ];
  return `
${styleText("bold", "HTTP API")}
  ${url}/docs
${notes.map((note) => `  ${note}\n`).join("")}`.trimEnd();
}

/** Where to look at it: the last thing printed, so that nobody has to search for it. */
export function whereToLook(url: string, { link }: WaysIn): string {
  const lines = link === undefined ? [url] : [link, `(signs a browser in, once, within ${LINK_MINUTES} minutes)`];
  return `
${styleText("bold", "Dashboard")}
${lines.map((line) => `  ${line}`).join("\n")}`;
}

/** Where the server is that runs already. */
export function whereItIs(url: string, settings: CliSettings): string {
  return `
${styleText("bold", "Dashboard")}
  ${url}
  A link that signs a browser in: ${commandLine(settings, "keys login")}`;
}
