import { randomUUID } from "node:crypto";
import autocannon from "autocannon";

/** What came back of one request under load. */
export type LoadReply = {
  kind: "chat" | "lead" | "report" | "list" | "session";
  status: number;
  body: string;
  retryAfter: string | undefined;
  /** The session that was written, or asked for. */
  session: string;
};

/** Whose requests: those of a key of an organization, whose name stands in all that it writes. */
export type Tenant = { name: string; headers: Record<string, string> };

const PATHS = {
  chat: "/api/chat",
  lead: "/api/leads",
  report: "/api/reports/tokens?by=widget",
  list: "/api/reports/conversations?limit=20",
} as const;

/** How long, or how many requests whatever the machine's speed. */
export type HowMuch = { seconds: number } | { requests: number };

/** Posts and reads for a tenant, as fast as they are answered, on many connections. */
export async function load(url: string, { name, headers }: Tenant, much: HowMuch, connections: number) {
  const replies: LoadReply[] = [];
  const session = (context: object): string => String(Reflect.get(context, "session"));
  const heard = (kind: LoadReply["kind"]) => ({
    headers: { ...headers, "content-type": "application/json" },
    onResponse: (status: number, body: string, context: object, given: unknown) => {
      replies.push({ kind, status, body, retryAfter: headerOf(given, "retry-after"), session: session(context) });
    },
  });
  const post = (kind: "chat" | "lead", body: (session: string) => object): autocannon.Request => ({
    method: "POST",
    ...heard(kind),
    setupRequest: (request, context) => {
      // Each post its own, so that one that is stored twice shows.
      Object.assign(context, { session: `${name}-${randomUUID()}` });
      return { ...request, path: PATHS[kind], body: JSON.stringify(body(session(context))) };
    },
  });
  const get = (kind: "report" | "list"): autocannon.Request => ({ method: "GET", path: PATHS[kind], ...heard(kind) });
  await autocannon({
    url,
    connections,
    ...("seconds" in much ? { duration: much.seconds } : { amount: much.requests }),
    timeout: 30,
    requests: [
      post("chat", (session_id) => ({ session_id, message: `of ${name}`, widget_id: 1 })),
      {
        method: "GET",
        ...heard("session"),
        setupRequest: (request, context) => ({ ...request, path: `/api/conversations/${session(context)}` }),
      },
      post("lead", (session_id) => ({ session_id, name: `of ${name}` })),
      get("report"),
      get("list"),
    ],
  });
  return replies;
}

function headerOf(headers: unknown, name: string): string | undefined {
  const found = Object.entries(headers ?? {}).find(([each]) => each.toLowerCase() === name);
  return found === undefined ? undefined : String(found[1]);
}
