import { useEffect, useState } from "preact/hooks";
import { type ApiError, apiAddress } from "../api.ts";
import { ago, integer, moment } from "../format.ts";
import { useLive } from "../live.ts";
import type { Status } from "../types.ts";

const STATUS_EVERY_MS = 10_000;

/** The state of the worker and of its checks, read again now and again. */
export const useStatus = (source: string | undefined) =>
  useLive<{ watched: Status }>(apiAddress("status", { source }), {}, STATUS_EVERY_MS);

/** The time, again every second. */
function useNow(): number {
  const [now, set] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => set(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

type LiveProps = { at: number | undefined; error: ApiError | undefined };

/** Whether what is shown is what is. */
export function Live({ at, error }: LiveProps) {
  const now = useNow();
  const isLive = error === undefined && at !== undefined;
  return (
    <p class={`live ${error === undefined ? "" : "off"}`}>
      <span class="dot" aria-hidden="true" />
      <span>{isLive ? "Live" : error === undefined ? "Loading" : "Not live"}</span>
      <span class="since">{at === undefined ? "" : ago(at, now)}</span>
    </p>
  );
}

type Props = { status: Status | undefined; estimated: number | undefined; messages: number | undefined; zone: string };

/** How fresh and how exact the figures are, and when they were last compared with their source. */
export function Exactness({ status, estimated = 0, messages = 0, zone }: Props) {
  if (status === undefined) return <div class="exactness waiting" />;
  // On the database's clock, which is the one that wrote the times.
  const now = Date.parse(status.now);
  const { last_check: check, last_finding: finding, worker, waiting_since } = status;
  return (
    <dl class="exactness">
      <div>
        <dt>Fresh</dt>
        <dd>Right at the commit of each message</dd>
      </div>
      <div>
        <dt>Exact</dt>
        <dd>
          {estimated === 0
            ? "All tokens counted or reported"
            : `${integer(estimated)} of ${integer(messages)} messages still estimated`}
        </dd>
      </div>
      <div>
        <dt>Worker</dt>
        <dd>{workerText(worker, waiting_since, now)}</dd>
      </div>
      <div>
        <dt>Verified</dt>
        <dd title={check === null ? undefined : moment(check.checked_at, zone, true)}>
          {check === null
            ? "not yet"
            : `${ago(Date.parse(check.checked_at), now)}: ${integer(check.sessions)} conversations, ${
                check.drifted === 0
                  ? "no difference"
                  : `${integer(check.drifted)} differed, ${integer(check.healed)} healed`
              }`}
          {finding !== null && check !== null && finding.checked_at !== check.checked_at && (
            <> (last difference {ago(Date.parse(finding.checked_at), now)})</>
          )}
        </dd>
      </div>
    </dl>
  );
}

function workerText({ alive, seen_at }: Status["worker"], waitingSince: string | null, now: number): string {
  if (alive === 0)
    return seen_at === null ? "none has run yet" : `none runs; last seen ${ago(Date.parse(seen_at), now)}`;
  if (waitingSince === null) return "nothing waits";
  const seconds = Math.max(0, Math.round((now - Date.parse(waitingSince)) / 1000));
  return seconds < 2 ? "counting" : `counting, ${integer(seconds)} s behind`;
}
