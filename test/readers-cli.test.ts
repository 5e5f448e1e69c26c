import { describe, expect } from "vitest";
import { cli } from "./support/cli.ts";
import { populate } from "./support/population.ts";
import { as, test } from "./support/roles.ts";

describe("readers", () => {
  test("grants, lists and revokes", async ({ db, url, makeRole }) => {
    await populate(db);
    const role = await makeRole();
    const listed = async () => (await cli(["readers", "list"], { url })).stdout;

    expect(await listed()).toBe("Nobody but the owner reads anything.\n");
    const granted = await cli(["readers", "grant", role, "1", "none"], { url });

    expect(granted).toMatchObject({ code: 0, stdout: `${role} reads organization 1 and the rows without one.\n` });
    expect(granted.stderr).toContain(
      `select metrics.grant_reader('${role}', organizations => array['1'], no_organization => true);`,
    );
    const seen = await as(db, role, (tx) => tx`select distinct organization_id as o from conversation_metrics`);
    expect(new Set(seen.map(({ o }) => o))).toEqual(new Set(["1", null]));
    expect(await listed()).toMatch(new RegExp(`^${role} +1 +– +reports +reads$`, "m"));
    expect(JSON.parse((await cli(["readers", "--json"], { url })).stdout)).toMatchObject([
      { role, scope: "none", organizations: [] },
      { role, scope: "organization", organizations: ["1"], reads: "reports", source: null },
    ]);
    expect(await cli(["readers", "revoke", role], { url })).toMatchObject({
      code: 0,
      stdout: `${role} reads nothing.\n`,
    });
    await expect(as(db, role, (tx) => tx`select from conversation_metrics`)).rejects.toThrow("permission denied");
  });

  test("--print runs nothing, and what it prints can be run", async ({ db, url, makeRole }) => {
    const role = await makeRole();

    const { stdout } = await cli(
      ["readers", "grant", role, "o'hara", "--source", "default", "--reads", "texts", "--print"],
      {
        url,
      },
    );

    expect(await db`select from metrics.readers`).toHaveLength(0);
    await db.unsafe(stdout);
    expect([...(await db`select organization_id, source, reads from metrics.readers`)]).toEqual([
      { organization_id: "o'hara", source: "default", reads: "texts" },
    ]);
  });

  test("says what is missing, with a hint", async ({ url, makeRole }) => {
    const role = await makeRole();

    const nothing = await cli(["readers", "grant", role], { url });
    const nobody = await cli(["readers", "grant", "no_such_role", "--all"], { url });
    const unknown = await cli(["readers", "revoke", "no_such_role"], { url });

    expect(nothing).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/It is not said what.*\nhint: Name organizations/s),
    });
    expect(unknown).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /there is no role named no_such_role\nhint: Who reads what: npx conversation-metrics readers$/m,
      ),
    });
    expect(nobody).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/no role named no_such_role.*\nhint: create role/s),
    });
  });
});

describe("doctor", () => {
  test("names what keeps organizations apart no longer", async ({ db, url, makeRole }) => {
    const role = await makeRole();
    await db`select metrics.grant_reader(${role}, '{1}')`;
    const finding = async () => {
      const found = await db`select ok, finding from metrics.reader_checks() where check_name = 'readers'`;
      return `${found[0]?.ok} ${found[0]?.finding}`;
    };

    expect(await finding()).toBe("true 1 role, its organizations");
    await db.unsafe(`alter role ${role} bypassrls`);
    expect(await finding()).toBe(`false roles that no policy binds any more: ${role}`);
    await db.unsafe(
      `alter role ${role} nobypassrls; select metrics.revoke_reader('${role}'); grant select on conversation_metrics to ${role}`,
    );
    expect(await finding()).toBe(`true granted by hand and without an organization, they see no row: ${role}`);
    await db.unsafe("alter table metrics.leads disable row level security");
    expect(await finding()).toBe("false no policy keeps organizations apart on metrics.leads");
    expect((await cli(["doctor"], { url })).stdout).toMatch(/FAILED +readers: no policy keeps/);
    await db.unsafe(
      "select metrics.secure_source(name) from metrics.attachments; drop policy readers on conversation_metrics",
    );
    expect(await finding()).toBe("false no policy keeps organizations apart on public.conversation_metrics");
  });
});
