import { z } from "zod";
import { organizationFor, type Reader } from "./access.ts";
import type { Queryable } from "./database.ts";
import { Problem } from "./problem.ts";
import { type Fragment, sql } from "./sql.ts";

const id = z.string().max(200);
const whole = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const between = (least: number, most: number) => z.coerce.number().int().min(least).max(most);
const rating = z.coerce.number().min(1).max(5);

const DAY = /^\d{4}-\d\d-\d\d$/;
const moment = z
  .union([z.iso.date(), z.iso.datetime({ offset: true })], {
    error: "must look like 2026-01-31 or 2026-01-31T18:00:00Z",
  })
  .meta({ description: "A day (its first moment in time_zone) or a time with its zone.", example: "2026-01-31" });

/** The filters that every report has. */
export const filterFields = {
  organization: id.optional().meta({ description: "Of one organization; `none`: only rows without one." }),
  from: moment.optional(),
  to: moment.optional().meta({ description: "The first day or time that no longer counts." }),
  time_zone: z.string().max(64).default("UTC").meta({ description: "IANA, as in Europe/Berlin: of days and weeks." }),
  widget: id.optional(),
  user: id.optional(),
  min_tokens: whole.optional(),
  max_tokens: whole.optional(),
  has_lead: z.enum(["true", "false"]).optional(),
  min_satisfaction: rating.optional(),
  max_satisfaction: rating.optional(),
  weekday: between(1, 7).optional().meta({ description: "Started on this day of the week: 1 is Monday." }),
  hour: between(0, 23).optional().meta({ description: "Started in this hour, on the clocks of time_zone." }),
  source: z
    .string()
    .max(41)
    .optional()
    .meta({ description: "Whose tables, by the name of their source; else `default`, or the only one that there is." }),
};

const filters = z.object(filterFields);

/** The filters of a request, checked. */
export type Filters = z.output<typeof filters>;

/** Filters within what their reader may see; an organization of null: rows without one. */
export type ScopedFilters = Omit<Filters, "organization" | "source"> & {
  organization: string | null | undefined;
  source: string;
};

/** Puts filters within what the reader may see. Throws the problem to answer with where that is nothing of it. */
export async function scoped(db: Queryable, reader: Reader, given: Filters): Promise<ScopedFilters> {
  const source = await chosenSource(db, reader, given.source);
  return { ...given, organization: organizationFor(reader, given.organization), source };
}

/** The source to read: as asked for, else `default`, or the only one. Throws the problem to answer with where that is none. */
export async function chosenSource(db: Queryable, reader: Reader, asked: string | undefined): Promise<string> {
  return sourceFor(reader, asked) ?? (await onlySource(db));
}

/** The source that a reader asks for; undefined where it is not said. Throws the problem to answer with where it is none of theirs. */
export function sourceFor(reader: Reader, source: string | undefined): string | undefined {
  if (reader.organization === undefined) return source;
  // Another application's organization 7 is somebody else.
  if (source !== undefined && source !== "default") {
    throw new Problem(403, "other_source", "The key is of an organization of the source default.");
  }
  return "default";
}

async function onlySource(db: Queryable): Promise<string> {
  const [first, second] = await db.query<{ name: string }>(
    sql`select name from metrics.attachments order by name <> 'default', name limit 2`,
  );
  if (first === undefined)
    throw new Problem(
      404,
      "no_source",
      "Nothing is attached yet, so there is nothing to report: npx conversation-metrics attach.",
    );
  if (first.name === "default" || second === undefined) return first.name;
  throw new Problem(
    409,
    "source_needed",
    "There are several sources: name one (?source=, as /api/sources lists them).",
  );
}

/** The filters as an expression of type report_filter. */
export function filterFor(given: ScopedFilters): Fragment {
  const { organization } = given;
  const time = (text: string | undefined) => {
    if (text === undefined) return sql`null::timestamptz`;
    return DAY.test(text)
      ? sql`metrics.day_start(${text}::text::date, metrics.known_zone(${given.time_zone}))`
      : sql`${text}::text::timestamptz`;
  };
  return sql`public.report_filter(
    organization => ${organization ?? null}, no_organization => ${organization === null},
    from_time => ${time(given.from)}, to_time => ${time(given.to)}, time_zone => ${given.time_zone},
    widget => ${given.widget ?? null}, user_id => ${given.user ?? null},
    min_tokens => ${given.min_tokens ?? null}, max_tokens => ${given.max_tokens ?? null},
    has_lead => ${given.has_lead === undefined ? null : given.has_lead === "true"},
    min_satisfaction => ${given.min_satisfaction ?? null}, max_satisfaction => ${given.max_satisfaction ?? null},
    weekday => ${given.weekday ?? null}::integer, hour => ${given.hour ?? null}::integer, source => ${given.source})`;
}
