import type { MigrationBuilder } from "node-pg-migrate";
import { installSql } from "../src/migrations-support.ts";

const PRIVACY = [
  "privacy/mail_pattern.sql",
  "privacy/erased_value.sql",
  "privacy/person_condition.sql",
  "privacy/person_sessions.sql",
  "privacy/person_messages.sql",
  "privacy/feedback_texts.sql",
  "privacy/text_statement.sql",
  "privacy/erase_columns.sql",
  "privacy/erase_source_rows.sql",
  "privacy/erase_traces.sql",
  "privacy/erase_copies.sql",
  "privacy/erase_person.sql",
];

/** How a person is erased. */
export function up(pgm: MigrationBuilder): void {
  installSql(pgm, ...PRIVACY);
  pgm.sql(`
    select metrics.close_functions(array(
      select p.oid::regprocedure from pg_proc as p
      where p.pronamespace = 'metrics'::regnamespace and p.proname in (
        'mail_pattern', 'erased_value', 'person_condition', 'person_sessions', 'person_messages', 'feedback_texts',
        'text_statement', 'erase_columns', 'erase_source_rows', 'erase_traces', 'erase_copies',
        'erase_person'
      )
    ))
  `);
}
