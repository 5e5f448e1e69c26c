import { Command, InvalidArgumentError, Option } from "@commander-js/extra-typings";
import { embeddedHeldBy } from "../../embedded/held.ts";
import { UserError } from "../../errors.ts";
import { createLoginLink, LINK_MINUTES } from "../../keys/login.ts";
import { hashOf, isSecret } from "../../keys/secret.ts";
import { createKey, listKeys, revokeKeys, type Scope } from "../../keys/store.ts";
import { helpText, UNUSABLE_CODE } from "../help.ts";
import { organizationNamed, printKeys, purpose } from "../keys.ts";
import { moment } from "../options.ts";
import { FAILED, UNUSABLE } from "../report-error.ts";
import { type Session, withDatabase } from "../session.ts";
import { commandLine } from "../settings.ts";

const HELP = helpText({
  about: `
A key of scope write posts messages, leads and ratings, one of scope read gets reports and conversations, one of
scope admin does both. Each is for one organization, for the rows without one (none), or for all. The key of a
widget in a web page can be read by everybody: give it scope write, its organization and its widget, never all.
Only a key's hash is stored: it is shown once, when it is made.`,
  examples: [
    ["npx conversation-metrics keys create --name shop --scope write --organization 7 --widget 3", "for a web page"],
    ["npx conversation-metrics keys create --name me --scope admin --organization all", "for everything"],
    ["npx conversation-metrics keys", "which there are, and when each was used"],
    ["npx conversation-metrics keys revoke cm_Ab3dEf9h", "a running server refuses it within 2 seconds"],
    ["npx conversation-metrics keys login", "a link that signs a browser in, once"],
  ],
  exitCodes: [[0, "made, listed or revoked"], [1, "revoke: there was no such key that held"], UNUSABLE_CODE],
});

/** `keys`: makes, lists and revokes what opens the HTTP API. */
export function keysCommand() {
  const command = new Command("keys")
    .description("the keys of the HTTP API: make, list and revoke them; sign a browser in")
    .addHelpText("after", HELP);
  command.addCommand(listCommand(), { isDefault: true });
  command.addCommand(createCommand());
  command.addCommand(revokeCommand());
  command.addCommand(loginCommand());
  return command;
}

const SCOPES = ["write", "read", "admin"] as const satisfies Scope[];

function listCommand() {
  return new Command("list")
    .description("which keys and browser sessions there are")
    .option("--json", "print JSON")
    .action(async ({ json }, self) => {
      await withDatabase(self, async ({ sql, out }) => {
        const keys = await listKeys(sql);
        if (json) return out.print(JSON.stringify(keys, null, 2));
        if (keys.length === 0) return out.print("There is no key yet: npx conversation-metrics keys create --help");
        printKeys(out, keys);
      });
    });
}

function createCommand() {
  return new Command("create")
    .description("make a key; it is printed this once")
    .requiredOption("--name <name>", "what it is for", named)
    .addOption(new Option("--scope <scope>", "what it lets do").choices(SCOPES).makeOptionMandatory())
    .requiredOption("--organization <id>", "whose rows: an organization's, none (rows without one), or all")
    .option("--widget <id>", "with scope write: only this widget's posts")
    .option("--expires <time>", "when it ends by itself (default: never)", moment)
    .option("--json", "print JSON")
    .action(async (options, self) => {
      const { name, scope, widget, expires } = options;
      check(scope, widget, expires);
      await withDatabase(self, async ({ sql, out }) => {
        const organization = await organizationNamed(sql, options.organization);
        const key = await createKey(sql, { kind: "key", name, scope, organization, widget, expiresAt: expires });
        if (options.json) return out.print(JSON.stringify(key, null, 2));
        out.print(key.secret);
        out.note(`This key ${purpose(key)}. It is shown only now. To take it back: keys revoke ${key.prefix}`);
      });
    });
}

function named(text: string): string {
  if (text.trim() === "") throw new InvalidArgumentError("It must not be empty.");
  return text.trim();
}

function check(scope: Scope, widget: string | undefined, expires: Date | undefined): void {
  if (widget !== undefined && scope !== "write") {
    throw new UserError("A widget is for keys of scope write.", { hint: "Leave --widget out.", exitCode: UNUSABLE });
  }
  if (expires !== undefined && expires.getTime() <= Date.now()) {
    throw new UserError("The key would have expired already.", {
      hint: "Give --expires a later time.",
      exitCode: UNUSABLE,
    });
  }
}

function revokeCommand() {
  return new Command("revoke")
    .description("take a key back, or end a browser's session")
    .argument("<key>", "its id, how it begins as it is listed, or the whole key")
    .option("--json", "print JSON")
    .action(async (key, { json }, self) => {
      await withDatabase(self, (session) => revoke(session, key, json === true));
    });
}

async function revoke({ sql, out, settings }: Session, given: string, json: boolean): Promise<void> {
  const revoked = await revokeKeys(
    sql,
    isSecret(given) ? { hash: hashOf(given) } : /^\d{1,18}$/.test(given) ? { id: given } : { prefix: given },
  );
  if (revoked.length === 0) process.exitCode = FAILED;
  if (json) return out.print(JSON.stringify(revoked, null, 2));
  if (revoked.length === 0) {
    out.print("There is no such key that holds.");
    return out.note(`See which there are: ${commandLine(settings, "keys")}`);
  }
  for (const key of revoked) out.print(`Revoked ${key.prefix}… (${key.name}), which ${purpose(key)}.`);
}

function loginCommand() {
  return new Command("login")
    .description(`print a link that signs a browser in, once, within ${LINK_MINUTES} minutes`)
    .option(
      "--url <url>",
      "where the server is (default: where start serves it in this folder, else port 3000)",
      baseUrl,
    )
    .option("--organization <id>", "whose rows it shows: an organization's, none, or all", "all")
    .addOption(new Option("--scope <scope>", "what it lets do").choices(["read", "admin"] as const).default("admin"))
    .action(async ({ url, scope, ...options }, self) => {
      await withDatabase(self, async (session) => {
        const { sql, out } = session;
        const organization = await organizationNamed(sql, options.organization);
        const guess = guessedUrl();
        const known = url ?? (await servedUrl(session));
        out.print(await createLoginLink(sql, known ?? guess, { scope, organization }));
        if (known === undefined) out.note(await aboutGuess(guess));
      });
    });
}

async function servedUrl({ embedded, settings }: Session): Promise<string | undefined> {
  const holder = embedded ? await embeddedHeldBy(settings.dataDir) : undefined;
  return holder?.http;
}

const ANSWERS_WITHIN_MS = 1000;

// Where start serves it unless another program has the port, or the server is on another machine.
const guessedUrl = () => `http://localhost:${process.env.PORT || "3000"}`;

async function aboutGuess(url: string): Promise<string> {
  const answers = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(ANSWERS_WITHIN_MS) }).then(
    ({ ok }) => ok,
    () => false,
  );
  return answers
    ? `${url} is a guess; where the server is elsewhere: --url.`
    : `${url} is a guess, and no server answers there: npx conversation-metrics start serves one, or give --url.`;
}

function baseUrl(text: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new InvalidArgumentError("It must look like https://metrics.example.");
  }
  return text.replace(/\/+$/, "");
}
