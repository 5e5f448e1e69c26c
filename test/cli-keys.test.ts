import { once } from "node:events";
import { createServer } from "node:http";
import { describe, expect } from "vitest";
import { z } from "zod";
import { cli } from "./support/cli.ts";
import { test } from "./support/database.ts";

const create = (url: string, ...options: string[]) =>
  cli(["keys", "create", "--name", "shop", "--scope", "write", ...options], { url });

describe("keys", () => {
  test("makes a key, prints it alone on stdout, and lists it without it", async ({ url, db }) => {
    const made = await create(url, "--organization", "007", "--widget", "3", "--expires", "2099-01-01");
    const listed = await cli(["keys"], { url });
    const json = await cli(["keys", "list", "--json"], { url });

    const secret = made.stdout.trim();
    expect(made.code).toBe(0);
    expect(secret).toMatch(/^cm_[\w-]{43}$/);
    expect(made.stderr).toContain("This key writes for organization 7, widget 3. It is shown only now.");
    expect(JSON.parse(json.stdout)).toEqual([
      expect.objectContaining({
        name: "shop",
        kind: "key",
        scope: "write",
        organization_id: "7",
        every_organization: false,
        widget_id: "3",
        state: "valid",
        prefix: secret.slice(0, 11),
        last_used_at: null,
        expires_at: expect.stringMatching(/^2099-01-01/),
      }),
    ]);
    expect(listed.stdout).toMatch(/shop +cm_.{8}… +write +7 +3 +valid +never/);
    expect(listed.stdout + json.stdout + (await db`select * from metrics.api_keys`.then(JSON.stringify))).not.toContain(
      secret,
    );
  });

  test("makes keys of all organizations, and of rows without one", async ({ url }) => {
    const all = await create(url, "--organization", "all", "--json");
    const none = await create(url, "--organization", "none", "--json");

    expect(JSON.parse(all.stdout)).toMatchObject({ every_organization: true, organization_id: null });
    expect(JSON.parse(none.stdout)).toMatchObject({
      every_organization: false,
      organization_id: null,
      secret: expect.stringMatching(/^cm_/),
    });
  });

  test.for([
    ["by its id", (key: { id: string }) => key.id],
    ["by how it begins", (key: { prefix: string }) => key.prefix],
    ["by the whole key", (key: { secret: string }) => key.secret],
  ] as const)("revokes a key %s, once", async ([, named], { url }) => {
    const key = JSON.parse((await create(url, "--organization", "7", "--json")).stdout);
    await create(url, "--organization", "8");

    const revoked = await cli(["keys", "revoke", named(key)], { url });
    const again = await cli(["keys", "revoke", named(key)], { url });
    const { stdout } = await cli(["keys", "--json"], { url });

    expect([revoked.code, again.code]).toEqual([0, 1]);
    expect(again.stderr).toContain("npx conversation-metrics keys\n");
    expect(revoked.stdout).toBe(`Revoked ${key.prefix}… (shop), which writes for organization 7.\n`);
    expect(JSON.parse(stdout).map(({ state }: { state: string }) => state)).toEqual(["revoked", "valid"]);
  });

  test.for([
    [["--organization", "seven"], "No organization can have the id seven"],
    [["--organization", "7", "--expires", "2020-01-01"], "expired already"],
    [[], "--organization"],
  ] as const)("refuses %s", async ([options, says], { url, db }) => {
    const { code, stderr } = await create(url, ...options);

    expect(code).toBe(2);
    expect(stderr).toContain(says);
    expect(await db`select from metrics.api_keys`).toHaveLength(0);
  });

  test("refuses a widget for a key that reads", async ({ url }) => {
    const { code, stderr } = await cli(
      ["keys", "create", "--name", "x", "--scope", "read", "--organization", "all", "--widget", "3"],
      { url },
    );

    expect([code, stderr.split("\n")[0]]).toEqual([2, "error: A widget is for keys of scope write."]);
  });

  test("prints a link that signs in, for a server anywhere", async ({ url, db }) => {
    const { stdout, stderr } = await cli(
      ["keys", "login", "--url", "https://metrics.example/", "--organization", "7"],
      {
        url,
      },
    );

    expect(stdout).toMatch(/^https:\/\/metrics\.example\/login\?code=cm_[\w-]{43}\n$/);
    expect(stderr).toBe("");
    expect(await db`select kind, scope, organization_id from metrics.api_keys`).toEqual([
      { kind: "login", scope: "admin", organization_id: "7" },
    ]);
  });

  test("says that the address is a guess, and whether a server answers there", async ({ url }) => {
    const server = createServer((_req, res) => void res.end()).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = z.object({ port: z.coerce.string() }).parse(server.address());

    const answered = await cli(["keys", "login"], { url, env: { PORT: port } });
    server.close();
    await once(server, "close");
    const unanswered = await cli(["keys", "login"], { url, env: { PORT: port } });

    for (const { code, stdout } of [answered, unanswered]) {
      expect(code).toBe(0);
      expect(stdout).toMatch(new RegExp(`^http://localhost:${port}/login\\?code=cm_\\S+\n$`));
    }
    expect(answered.stderr).toBe(`http://localhost:${port} is a guess; where the server is elsewhere: --url.\n`);
    expect(unanswered.stderr).toMatch(/is a guess, and no server answers there: npx conversation-metrics start /);
  });
});
