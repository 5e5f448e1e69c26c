import { describe, expect } from "vitest";
import { test } from "./support/database.ts";
import { expectNoDrift, metricsOf } from "./support/oracle.ts";
import { populate } from "./support/population.ts";

describe("foreign keys", () => {
  test("rows deleted by a cascade from a parent are uncounted", async ({ db }) => {
    await db.unsafe(`create table organizations (id bigint primary key);
      insert into organizations values (1), (2);
      alter table conversations add foreign key (organization_id) references organizations on delete cascade on update cascade;
      alter table leads add foreign key (organization_id) references organizations on delete cascade on update cascade`);
    await populate(db);

    await db`delete from organizations where id = 1`;

    expect((await metricsOf(db)).map((row) => row.organization_id)).not.toContain("1");
    await expectNoDrift(db);
  });

  test("rows whose organization is renumbered by a cascade move with it", async ({ db }) => {
    await db.unsafe(`create table organizations (id bigint primary key);
      insert into organizations values (1), (2);
      alter table conversations add foreign key (organization_id) references organizations on update cascade;
      alter table leads add foreign key (organization_id) references organizations on update cascade`);
    await populate(db);

    await db`update organizations set id = 42 where id = 1`;

    expect((await metricsOf(db)).map((row) => row.organization_id)).toContain("42");
    await expectNoDrift(db);
  });

  test("feedback that loses its conversation row by SET NULL is uncounted", async ({ db }) => {
    await db.unsafe(`alter table feedback drop constraint feedback_conversation_id_fkey;
      alter table feedback add foreign key (conversation_id) references conversations on delete set null`);
    await populate(db);

    await db`delete from conversations where id in (1, 2, 3, 4, 5)`;

    await expectNoDrift(db);
  });

  test("feedback whose conversation row is gone counts again when the row comes back", async ({ db }) => {
    await db.unsafe("alter table feedback drop constraint feedback_conversation_id_fkey");
    await populate(db);

    await db`delete from conversations where id in (1, 3)`;
    await expectNoDrift(db);
    await db`insert into conversations (id, session_id, message) values (1, 'back', 'hi'), (3, 'a', 'hi')`;

    expect(await metricsOf(db)).toContainEqual(expect.objectContaining({ session_id: "back", rating_count: 1 }));
    await expectNoDrift(db);
  });
});
