import type { Sql } from "../database.ts";
import { lastMonth, type Month } from "./month.ts";
import type { Format } from "./render.ts";

/** A report that is sent each month. */
export type Schedule = {
  schedule_id: string;
  /** none: the rows without one; null: all. */
  organization: string | null;
  source: string;
  time_zone: string;
  currency: string;
  format: Format;
  folder: string | null;
  webhook: string | null;
  sent_month: Month;
  sent_at: string | null;
  error: string | null;
};

/** What a new one needs. `since`: the last month that counts as sent; the one that ended last unless told. */
export type NewSchedule = Pick<Schedule, "organization" | "source" | "time_zone" | "currency" | "format"> & {
  folder: string | null;
  webhook: string | null;
  since?: Month | undefined;
};

/** All of them. */
export async function listSchedules(sql: Sql): Promise<Schedule[]> {
  return sql<Schedule[]>`
    select schedule_id::text, case when not every_organization then coalesce(organization_id, 'none') end as organization,
      source, time_zone, currency, format, folder, webhook, sent_month,
      to_json(sent_at) #>> '{}' as sent_at, error
    from metrics.report_schedules
    order by schedule_id`;
}

/** Makes one, and returns its id. */
export async function addSchedule(sql: Sql, given: NewSchedule): Promise<string> {
  const { organization, source, time_zone, currency, format, folder, webhook, since = lastMonth(time_zone) } = given;
  const id = organization === null || organization === "none" ? null : organization;
  const [row] = await sql<[{ schedule_id: string }]>`
    insert into metrics.report_schedules
      (every_organization, organization_id, source, time_zone, currency, format, folder, webhook, sent_month)
    values (${organization === null}, ${id}, ${source}, ${time_zone}, ${currency}, ${format}, ${folder}, ${webhook}, ${since})
    returning schedule_id::text`;
  return row.schedule_id;
}

/** Takes one away; false where there is none. */
export async function removeSchedule(sql: Sql, id: string): Promise<boolean> {
  const found = await sql`delete from metrics.report_schedules where schedule_id = ${id}`;
  return found.count > 0;
}

/** Notes that a month was sent. */
export async function noteSent(sql: Sql, id: string, month: Month): Promise<void> {
  await sql`
    update metrics.report_schedules
    set sent_month = ${month}, sent_at = clock_timestamp(), error = null, failed_at = null where schedule_id = ${id}`;
}

/** Notes why sending failed. */
export async function noteFailed(sql: Sql, id: string, error: string): Promise<void> {
  await sql`
    update metrics.report_schedules set error = ${error}, failed_at = clock_timestamp() where schedule_id = ${id}`;
}
