import { join } from "node:path";
import { expect, test } from "vitest";
import { loadSettings } from "../src/config.ts";

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
