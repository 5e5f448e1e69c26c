import { randomBytes } from "node:crypto";
import { test as base, inject, type TestContext } from "vitest";
import { type ConnectOptions, connect, type Sql } from "../../src/database.ts";
import { databaseUrl } from "./urls.ts";

/** Opens one more client to the test's database; it is closed when the test ends. */
export type Connect = (options?: ConnectOptions) => Sql;

type OnCleanup = (cleanup: () => Promise<void>) => void;

const withServer = base.extend("server", { scope: "worker" }, ({}, { onCleanup }) => {
  const server = connect(inject("serverUrl"), { max: 2 });
  onCleanup(() => server.end());
  return server;
});

/**
 * Every test has a real database of its own: `url`, migrated, or `bareUrl`, empty, each made when the
 * test asks for it. `db` and `bareDb` are clients to them, `connect` and `bareConnect` open more. The
 * database goes when the test ends; when the test fails it stays, and its name is printed.
 */
export const test = withServer
  .extend("url", ({ server, task }, { onCleanup }) => createDatabase(server, inject("template"), task, onCleanup))
  .extend("bareUrl", ({ server, task }, { onCleanup }) => createDatabase(server, "template0", task, onCleanup))
  .extend("connect", ({ url }, { onCleanup }) => connector(url, onCleanup))
  .extend("bareConnect", ({ bareUrl }, { onCleanup }) => connector(bareUrl, onCleanup))
  .extend("db", ({ connect }) => connect())
  .extend("bareDb", ({ bareConnect }) => bareConnect());

async function createDatabase(
  server: Sql,
  template: string,
  task: TestContext["task"],
  onCleanup: OnCleanup,
): Promise<string> {
  const name = `${inject("prefix")}${randomBytes(6).toString("hex")}`;
  await server`create database ${server(name)} template ${server(template)}`;
  onCleanup(async () => {
    if (task.result?.state === "fail") {
      console.log(`Kept the database of the failed test "${task.name}": ${databaseUrl(inject("serverUrl"), name)}`);
    } else {
      await server`drop database ${server(name)} with (force)`;
    }
  });
  return databaseUrl(inject("serverUrl"), name);
}

function connector(url: string, onCleanup: OnCleanup): Connect {
  const clients: Sql[] = [];
  onCleanup(async () => {
    await Promise.all(clients.map((client) => client.end({ timeout: 0 })));
  });
  return (options) => {
    const client = connect(url, { max: 2, ...options });
    clients.push(client);
    return client;
  };
}
