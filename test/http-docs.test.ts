import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "vitest";
import { loadHttpSettings } from "../src/http/settings.ts";
import { packageRoot } from "../src/paths.ts";
import { test } from "./support/http.ts";
import { expectNoDrift } from "./support/oracle.ts";

const run = promisify(execFile);
const page = readFileSync(join(packageRoot, "docs", "http.md"), "utf8");

const EXAMPLE = /^<!-- curl -->\n```sh\n([\s\S]*?)^```\n\n<!-- answers -->\n```\w+\n([\s\S]*?)^```$/gm;
const examples = [...page.matchAll(EXAMPLE)].map(([, command = "", answer = ""]) => ({ command, answer }));

/** … stands for anything. */
const matching = (answer: string) =>
  new RegExp(
    answer
      .trim()
      .split("…")
      .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"))
      .join("[\\s\\S]*"),
  );

test("the curl lines of docs/http.md answer as it says, in their order", async ({ db, serve }) => {
  const api = await serve();

  expect(examples.length).toBe(page.match(/<!-- curl -->/g)?.length);
  for (const { command, answer } of examples) {
    const { stdout } = await run("sh", ["-ec", command.replaceAll("http://localhost:3000", api.url)]);
    expect(stdout.trim(), command).toMatch(matching(answer));
  }
  await expectNoDrift(db);
});

test("the settings of docs/http.md are those that there are, with their defaults", () => {
  const named = [...page.matchAll(/^\| (`[A-Z].*?) \| (.*) \|$/gm)];
  const source = readFileSync(join(packageRoot, "src", "http", "settings.ts"), "utf8");
  const variables = [...source.matchAll(/^ {2}([A-Z_]+): optional\(/gm)].map(([, name]) => name);

  expect(
    named.flatMap(([, names = ""]) => [...names.matchAll(/`([A-Z_]+)`/g)].map(([, name]) => name)).toSorted(),
  ).toEqual(variables.toSorted());
  expect(loadHttpSettings({})).toMatchObject({
    port: undefined,
    host: "127.0.0.1",
    service: undefined,
    app: {
      localAccess: false,
      widgetOrigins: [],
      trustProxy: 0,
      limits: { perIp: 60, perWidget: 600, perKey: 600, reads: 600 },
      chat: { historyRows: 20 },
    },
  });
});
