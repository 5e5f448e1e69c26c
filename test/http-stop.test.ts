import { Agent, type IncomingMessage, request } from "node:http";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect } from "vitest";
import { finished, said, startCli } from "./support/cli.ts";
import { test } from "./support/http.ts";
import { expectNoDrift } from "./support/oracle.ts";

const CONNECTIONS = 64;
// All of them are at it by then, however slow the machine.
const ANSWERED_FIRST = CONNECTIONS * 4;

type Outcome = { session: string | undefined; whole: boolean; status: number; error: string };

const EVERYTHING = {
  LOCAL_ACCESS: "on",
  ...{ RATE_LIMIT_PER_IP: "1000000", RATE_LIMIT_READS: "1000000", RATE_LIMIT_PER_WIDGET: "1000000" },
};

/** One request on a connection that is kept; whether all of its answer came. */
const ask = (url: string, agent: Agent, session: string | undefined) =>
  new Promise<Outcome & { last: boolean }>((resolve) => {
    const failed = (error: Error) => resolve({ session, whole: false, status: 0, error: String(error), last: true });
    const answered = async (res: IncomingMessage) => {
      const body = await text(res);
      const whole = res.complete && JSON.parse(body) !== undefined;
      resolve({ session, whole, status: res.statusCode ?? 0, error: "", last: res.headers.connection === "close" });
    };
    const path = session === undefined ? "/api/reports/summary" : "/api/chat";
    const sent = request(url + path, {
      agent,
      method: session === undefined ? "GET" : "POST",
      headers: { "content-type": "application/json" },
    });
    sent.once("error", failed).once("response", (res) => void answered(res).catch(failed));
    sent.end(session === undefined ? undefined : JSON.stringify({ message: "hi there", session_id: session }));
  });

/** Asks again and again on one connection, until the server ends it or is gone. */
const keepAsking = async (url: string, client: number, outcomes: Outcome[]) => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (let n = 0; ; n += 1) {
    const { last, ...outcome } = await ask(url, agent, n % 4 === 3 ? undefined : `s-${client}-${n}`);
    outcomes.push(outcome);
    if (last) break;
  }
  agent.destroy();
};

describe("a server that is told to stop while many ask", () => {
  test("gives every request its whole answer, and stores what it answered, once", { timeout: 60_000 }, async ({
    db,
    url,
  }) => {
    const child = startCli(["start", "--http-port", "0", "--no-worker"], { url, env: EVERYTHING });
    const end = finished(child);
    const base = /(http:\/\/\S+)\/docs/.exec(await said(child, "Ready. Ctrl-C stops it."))?.[1] ?? "";
    const outcomes: Outcome[] = [];
    const clients = Array.from({ length: CONNECTIONS }, (_, client) => keepAsking(base, client, outcomes));
    while (outcomes.length < ANSWERED_FIRST) await sleep(10);
    child.kill("SIGTERM");
    await Promise.all(clients);

    const { code } = await end;
    const stored = await db<{ session_id: string }[]>`select session_id from conversations order by session_id`;
    const answered = outcomes.flatMap(({ session, whole }) => (whole && session !== undefined ? [session] : []));

    expect(outcomes.filter(({ whole, status }) => !whole || status !== 200)).toEqual([]);
    expect(stored.map(({ session_id }) => session_id)).toEqual(answered.toSorted());
    expect(code).toBe(0);
    await expectNoDrift(db);
  });
});
