import type { Settings } from "./settings.ts";

/** What comes of a question: pieces, then what was stored of it. */
export type Answer = { id: string; notice: string | undefined };

/** Something that the API said no to, in its words. */
export class Refused extends Error {}

type Body = Record<string, unknown>;

/** The routes that a widget posts to. */
export function createApi(settings: Settings, session: string, tell: (detail: object) => void) {
  const { server, organization, widget, user, key } = settings;
  const ids = { session_id: session, organization_id: organization };

  const post = async (path: string, body: Body, accept: string): Promise<Response> => {
    const response = await fetch(`${server}api/${path}`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept,
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      },
      body: JSON.stringify({ ...ids, ...body }),
    });
    if (!response.ok) throw new Refused(await whyNot(response));
    return response;
  };

  const store = async (path: string, body: Body) => {
    const stored = await (await post(path, body, "application/json")).json();
    tell({ session_id: session, ...stored });
  };

  return {
    /** Asks; `hear` gets the answer piece by piece. */
    ask: async (message: string, hear: (text: string) => void): Promise<Answer> => {
      const response = await post("chat", { message, widget_id: widget, user_id: user }, "text/event-stream");
      const answer: Answer = { id: "", notice: undefined };
      for await (const { event, data } of eventsOf(response)) {
        if (event === "start") answer.id = data.id;
        if (event === "delta") hear(data.text);
        if (event === "error") throw new Refused(data.detail);
        if (event === "done") answer.notice = data.notice;
        if (event === "start" || event === "done") tell({ session_id: session, ...data });
      }
      return answer;
    },
    rate: (id: string, rating: number) => store("feedback", { conversation_id: id, rating }),
    leave: (lead: Body) => store("leads", { ...lead, widget_id: widget, user_id: user }),
  };
}

export type Api = ReturnType<typeof createApi>;

async function whyNot(response: Response): Promise<string> {
  const body = await response.json().catch(() => ({}));
  const [wrong] = Array.isArray(body.errors) ? body.errors : [];
  if (wrong !== undefined) return `${String(wrong.pointer).replace("#/", "")}: ${wrong.detail}`;
  return typeof body.detail === "string" ? body.detail : `The server answered with ${response.status}.`;
}

// biome-ignore lint/suspicious/noExplicitAny: what our own API sends.
async function* eventsOf(response: Response): AsyncGenerator<{ event: string; data: any }> {
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  while (reader !== undefined) {
    const { done, value } = await reader.read();
    rest += decoder.decode(value, { stream: !done });
    const blocks = rest.split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const [, event = "", data = ""] = /^event: (\w+)\ndata: (.*)$/s.exec(block) ?? [];
      if (event !== "") yield { event, data: JSON.parse(data) };
    }
    if (done) return;
  }
}
