import { rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Sql } from "../database.ts";
import { errorCode } from "../errors.ts";
import type { Logger } from "../log.ts";
import { lastMonth, type Month, monthAfter } from "./month.ts";
import { readReport } from "./read.ts";
import { MEDIA_TYPES, render } from "./render.ts";
import { listSchedules, noteFailed, noteSent, type Schedule } from "./schedules.ts";

const PATIENCE_MS = 30_000;

/** Sends what is due: each month that ended since the last one sent, in their order. One that fails keeps none of the others. */
export async function sendDue(sql: Sql, log: Logger, now = new Date()): Promise<void> {
  for (const schedule of await listSchedules(sql)) {
    const { schedule_id: id } = schedule;
    try {
      const last = lastMonth(schedule.time_zone, now);
      for (let month = monthAfter(schedule.sent_month); month <= last; month = monthAfter(month)) {
        await send(sql, schedule, month);
        await noteSent(sql, id, month);
        log.info({ schedule: id, month }, "A monthly report was sent.");
      }
    } catch (error) {
      const why = whyOf(error);
      await noteFailed(sql, id, why);
      log.warn({ schedule: id, error: why }, "A monthly report could not be sent; it is tried again in an hour.");
    }
  }
}

async function send(sql: Sql, schedule: Schedule, month: Month): Promise<void> {
  const { organization, source, time_zone, currency, format, folder, webhook } = schedule;
  const of = { month, source, currency, timeZone: time_zone, organization: organization ?? undefined };
  const bytes = await render(format, await readReport(sql, of));
  const name = `report-${encodeURIComponent(organization ?? "all")}-${month}.${format}`;
  if (folder !== null) await putInto(folder, name, bytes);
  if (webhook !== null) await post(webhook, name, bytes, schedule, month);
}

// Under another name until it is whole, for whoever watches the folder.
async function putInto(folder: string, name: string, bytes: Buffer): Promise<void> {
  const unfinished = join(folder, `.${name}.${process.pid}`);
  try {
    await writeFile(unfinished, bytes);
    await rename(unfinished, join(folder, name));
  } catch (error) {
    await rm(unfinished, { force: true }).catch(() => {});
    throw error;
  }
}

async function post(url: string, name: string, bytes: Buffer, { schedule_id, format }: Schedule, month: Month) {
  const response = await fetch(url, {
    method: "POST",
    headers: {
      "content-type": MEDIA_TYPES[format],
      "content-disposition": `attachment; filename="${name}"`,
      // It may come twice: what was sent is noted afterwards.
      "idempotency-key": `report-${schedule_id}-${month}`,
    },
    body: new Uint8Array(bytes),
    redirect: "error",
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`The webhook answered with ${response.status}.`);
}

// Codes and words of ours: a webhook's address may be a secret, and errors quote it.
function whyOf(error: unknown): string {
  if (error instanceof Error && error.message.startsWith("The webhook answered")) return error.message;
  const code = errorCode(error) ?? (error instanceof Error ? (errorCode(error.cause) ?? error.name) : "unknown");
  return `It failed with ${code}.`;
}
