import type { MigrationBuilder } from "node-pg-migrate";
import { installSql } from "../src/migrations-support.ts";
import { readSql } from "../src/sql-files.ts";

const POLICIES = "readers/source_policies.sql";

const READERS = [
  "readers/own_scopes.sql",
  "readers/scope_condition.sql",
  "readers/secure_table.sql",
  "readers/secure_source.sql",
  "readers/unsecure_source.sql",
  "readers/check_reader.sql",
  "readers/grant_reader.sql",
  "readers/revoke_reader.sql",
  "readers/current_readers.sql",
  "readers/extend_readers.sql",
  "readers/api_reader.sql",
  "readers/confine.sql",
  "readers/reader_checks.sql",
];

/** Who reads which organizations: row-level security on all that somebody but the owner may read. */
export function up(pgm: MigrationBuilder): void {
  installSql(pgm, ...READERS);
  pgm.sql(`
    select metrics.close_tables(array['metrics.readers', 'metrics.own_scopes']::regclass[]);
    select metrics.close_functions(array(
      select p.oid::regprocedure from pg_proc as p
      where p.pronamespace = 'metrics'::regnamespace and p.proname in (
        'scope_condition', 'secure_table', 'secure_source', 'unsecure_source', 'check_reader', 'grant_reader',
        'revoke_reader', 'current_readers', 'extend_readers', 'api_reader', 'confine', 'reader_checks'
      )
    ))
  `);
  pgm.sql("select metrics.extend_readers()");

  // Sources attached from now on run it with their tables, those that are there already now.
  pgm.sql(
    `insert into metrics.engine_objects (position, path, before_tables, body)
select max(position) + 1, '${POLICIES}', false, $engine_object$${readSql(POLICIES)}$engine_object$ from metrics.engine_objects`,
  );
  pgm.sql("select metrics.secure_source(a.name) from metrics.attachments as a");
}
