import progress, { type Options, Presets, SingleBar } from "cli-progress";
import { integer } from "./format.ts";

// Where stderr is no terminal (a log of CI), a line now and then shows that work goes on.
const LOG_EVERY_MS = 10_000;

/** The progress of something that takes long. */
export type Progress = { update: (done: number) => void; stop: () => void };

/** Shows a bar with rate and remaining time on stderr; nothing with `quiet`, and where there is nothing to do. */
export function startProgress(options: { label: string; unit: string; total: number; quiet: boolean }): Progress {
  if (options.quiet || options.total === 0) return { update: () => {}, stop: () => {} };
  const bar = new SingleBar(settings(options.label, options.unit), Presets.shades_classic);
  const startedAt = performance.now();
  const rateOf = (done: number) => integer(Math.round((done / Math.max(1, performance.now() - startedAt)) * 1000));
  bar.start(options.total, 0, { rate: "0" });
  const update = (done: number) => {
    // The total was an estimate.
    if (done > bar.getTotal()) bar.setTotal(done);
    bar.update(done, { rate: rateOf(done) });
  };
  const stop = () => bar.stop();
  return { update, stop };
}

function settings(label: string, unit: string): Options {
  return {
    format: `${label} {bar} {percentage}%  {value} of {total} ${unit}  {rate}/s  {eta_formatted} left`,
    formatValue: (value, _options, type) => (type === "value" || type === "total" ? integer(value) : String(value)),
    // What stands beside it takes some 60 characters, and the line must not be cut before its end.
    barsize: Math.max(6, Math.min(24, (process.stderr.columns ?? 80) - 60)),
    // At first it is the text INF or NULL, of which the bar's own format leaves the last letters.
    formatTime: (seconds, options, roundTo) =>
      Number.isFinite(Number(seconds)) ? progress.Format.TimeFormat(seconds, options, roundTo) : "?",
    fps: 8,
    etaBuffer: 20,
    stream: process.stderr,
    noTTYOutput: true,
    notTTYSchedule: LOG_EVERY_MS,
    gracefulExit: false, // Ctrl-C is ours to handle.
  };
}
