import { InvalidArgumentError } from "@commander-js/extra-typings";
import { DATABASE_URL_RULE, isDatabaseUrl } from "../config.ts";
import { UserError } from "../errors.ts";
import { UNUSABLE } from "./report-error.ts";

/** A parser for the value of an option that is a whole number of at least `least`. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least) {
      throw new InvalidArgumentError(`It must be a whole number from ${least}.`);
    }
    return value;
  };
}

/** A parser for a port to listen on; 0 is any free one. */
export function port(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= 65_535) return value;
  throw new InvalidArgumentError("It must be a whole number from 0 to 65535.");
}

/** A parser for the value of an option that is a day or a time; a time without a zone is UTC. */
export function moment(text: string): Date {
  const time = new Date(/T/.test(text) && !/(Z|[+-]\d\d:\d\d)$/.test(text) ? `${text}Z` : text);
  if (Number.isNaN(time.getTime()))
    throw new InvalidArgumentError("It must look like 2025-06-30 or 2025-06-30T18:00:00Z.");
  return time;
}

/** A parser for a database's URL. What it refuses is not shown, as commander would: it may hold a password. */
export function databaseUrl(text: string): string {
  if (isDatabaseUrl(text)) return text;
  throw new UserError(`option '--database-url <url>' ${DATABASE_URL_RULE}`, {
    hint: "In user and password, write / as %2F, ? as %3F, # as %23 and % as %25.",
    exitCode: UNUSABLE,
  });
}

/** A parser for a month. */
export function month(text: string): string {
  if (/^(19|20|21)\d\d-(0[1-9]|1[0-2])$/.test(text)) return text;
  throw new InvalidArgumentError("It must look like 2026-10.");
}

/** A parser for a time zone. */
export function timeZone(text: string): string {
  try {
    new Intl.DateTimeFormat("en", { timeZone: text });
    return text;
  } catch {
    throw new InvalidArgumentError("It must be a time zone like Europe/Berlin.");
  }
}
