import { Command } from "@commander-js/extra-typings";
import { UserError } from "../../errors.ts";
import { onShutdown } from "../../shutdown.ts";
import type { Backlog } from "../../worker/backlog.ts";
import { counted } from "../format.ts";
import { helpText, UNUSABLE_CODE } from "../help.ts";
import { wholeNumber } from "../options.ts";
import { startProgress } from "../progress.ts";
import { FAILED, UNUSABLE } from "../report-error.ts";
import { type Session, withDatabase } from "../session.ts";
import { commandLine } from "../settings.ts";

const HELP = helpText({
  about: `
Counts the tokens of messages exactly, soon after they are written, and compares sessions with their rows
once a minute. "start" runs one as well. Run as many as you like, on any machine: they share the work.
Killed or cut off, it loses nothing: another takes over after 10 seconds.`,
  examples: [
    ["npx conversation-metrics worker", "until Ctrl-C or SIGTERM"],
    ["npx conversation-metrics worker --once", "count all that waits, then end: for cron"],
  ],
  exitCodes: [
    [0, "ended when told to; --once: nothing is left to count"],
    [1, "--once: messages are left, since they cannot be counted or a transaction holds their session"],
    UNUSABLE_CODE,
  ],
});

/** `worker`: counts tokens exactly. */
export function workerCommand() {
  return new Command("worker")
    .description("count the tokens of messages exactly, as they come in")
    .option("--once", "count all that waits, then end")
    .option("--concurrency <jobs>", "jobs at once in this process (default: 4)", wholeNumber(1))
    .option("--json", "with --once: print JSON")
    .addHelpText("after", HELP)
    .action(async (options, command) => {
      if (options.json && !options.once) {
        throw new UserError("--json is for --once: a worker that stays has no result.", {
          hint: "Leave it out, or: npx conversation-metrics worker --once --json",
          exitCode: UNUSABLE,
        });
      }
      await withDatabase(command, (session) => (options.once ? once(session, options) : forever(session, options)));
    });
}

type Options = { concurrency?: number | undefined; json?: true | undefined };

async function forever({ url, settings, out, sql }: Session, { concurrency }: Options): Promise<void> {
  const { startWorker } = await import("../../worker/worker.ts");
  await sql.end();
  const worker = await startWorker({ databaseUrl: url, log: settings.log, concurrency });
  await new Promise<void>((resolve) => {
    // First registered, last run.
    onShutdown(async () => resolve());
    onShutdown(async () => {
      process.exitCode = process.exitCode ?? 0; // Being told to end is how this command ends.
      await worker.stop();
    });
    out.note("Counting tokens as messages come in. Ctrl-C stops it.");
  });
}

async function once({ url, settings, out }: Session, { concurrency, json }: Options): Promise<void> {
  const { drain } = await import("../../worker/drain.ts");
  const quiet = out.quiet || json === true;
  let progress: ReturnType<typeof startProgress> | undefined;
  let all = 0;
  const onProgress = (done: number, total: number) => {
    all = total;
    progress ??= startProgress({ label: "messages", unit: "rows", total, quiet });
    progress.update(done);
  };
  const left = await drain({ databaseUrl: url, log: settings.log, concurrency, onProgress }).finally(() =>
    progress?.stop(),
  );
  if (left.waiting + left.given_up > 0) process.exitCode = FAILED;
  const done = all - left.waiting;
  if (json) {
    const { waiting, locked, given_up } = left;
    return out.print(JSON.stringify({ counted: done, waiting, locked, given_up }));
  }
  out.print(`${counted(done, "row")} counted${describeLeft(left)}.`);
  if (left.given_up > 0) out.note(`Why some cannot be counted: ${commandLine(settings, "doctor")}`);
}

function describeLeft({ waiting, given_up }: Backlog): string {
  return [
    waiting + given_up === 0 ? ", nothing is left" : "",
    waiting === 0 ? "" : `, ${counted(waiting, "row")} left that a transaction under way holds locked`,
    given_up === 0 ? "" : `, ${counted(given_up, "row")} given up`,
  ].join("");
}
