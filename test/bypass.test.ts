import { describe, expect } from "vitest";
import { test } from "./support/database.ts";
import { driftOf, expectDriftToBeFound, expectNoDrift } from "./support/oracle.ts";
import { populate } from "./support/population.ts";
import { repair, writeOn } from "./support/repair.ts";

const unseen = [
  "insert into conversations (id, organization_id, session_id, message) values (501, 1, 'a', 'hi'), (502, 9, 'unseen', 'hi')",
  "update conversations set message = 'a longer message' where id % 3 = 0",
  "update conversations set session_id = 'b' where id % 4 = 0",
  "update conversations set created_at = created_at - interval '1 day' where id % 4 = 0",
  "update conversations set id = id + 1000 where id > 24",
  "delete from conversations where id > 24 and id % 2 = 0",
  "delete from conversations where id > 24",
  "insert into leads (organization_id, session_id, name, created_at) values (1, 'a', 'Unseen', '2030-01-01')",
  "update leads set name = 'Unseen'",
  "update leads set session_id = 'b'",
  "delete from leads",
  "insert into feedback (organization_id, session_id, rating) values (1, 'a', 5)",
  "update feedback set rating = 1 + rating % 5",
  "update feedback set session_id = 'b', organization_id = 1 where session_id = 'a'",
  "delete from feedback where id % 2 = 0",
];

const ways = [
  ["session_replication_role = replica", "set local session_replication_role = replica", "select 1"],
  [
    "triggers that are disabled and enabled again",
    "alter table conversations disable trigger all; alter table leads disable trigger all; alter table feedback disable trigger all",
    "alter table conversations enable trigger all; alter table leads enable trigger all; alter table feedback enable trigger all",
  ],
] as const;

for (const [way, before, after] of ways) {
  describe(`a write past ${way}`, () => {
    test.for(unseen)("%s: it is found, and healed", async (statement, { db }) => {
      await populate(db);
      await db.begin(async (tx) => {
        await tx.unsafe(before);
        await tx.unsafe(statement);
        await tx.unsafe(after);
      });

      await expectDriftToBeFound(db);
      const drifted = await driftOf(db);
      await repair(db);

      expect(drifted.length).toBeGreaterThan(0);
      await expectNoDrift(db);
      await writeOn(db);
    });
  });
}
