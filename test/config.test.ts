import { join } from "node:path";
import { expect, test } from "vitest";
import { loadSettings } from "../src/config.ts";
import { loadHttpSettings } from "../src/http/settings.ts";

test("an empty environment gives the embedded server in this folder", () => {
  expect(loadSettings({})).toMatchObject({ databaseUrl: undefined, dataDir: join(process.cwd(), ".data") });
});

test("a variable that is set to nothing is not set", () => {
  expect(loadSettings({ DATABASE_URL: "", DATA_DIR: "", DATABASE_PORT: "", LOG_LEVEL: "" })).toEqual(loadSettings({}));
});

test.each([
  { DATABASE_URL: "localhost:5432" },
  { DATABASE_URL: "mysql://root@localhost/app" },
  { DATABASE_PORT: "many" },
  { DATABASE_PORT: "70000" },
  { LOG_LEVEL: "loud" },
])("%o is refused, by the name of its variable", (env) => {
  expect(() => loadSettings(env)).toThrow(Object.keys(env).join());
});

test.each([
  [{ DATABASE_PORT: "many" }, "DATABASE_PORT: must be a whole number from 1 to 65535"],
  [{ DATABASE_PORT: "0.5" }, "DATABASE_PORT: must be a whole number from 1 to 65535"],
  [{ LOG_LEVEL: "loud" }, "LOG_LEVEL: must be one of trace, debug, info, warn, error, fatal, silent"],
])("%o is refused in plain words", (env, words) => {
  expect(() => loadSettings(env)).toThrow(new RegExp(`${words}$`));
});

test.each([
  [{ PORT: "many" }, "PORT: must be a whole number from 0 to 65535"],
  [{ LOCAL_ACCESS: "maybe" }, "LOCAL_ACCESS: must be one of on, off"],
  [{ OPENAI_BASE_URL: "here" }, "OPENAI_BASE_URL: must look like https://api.openai.com/v1"],
])("%o of the HTTP API is refused in plain words", (env, words) => {
  expect(() => loadHttpSettings(env)).toThrow(new RegExp(`${words}$`));
});
