import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";

const asked = z.object({
  model: z.string(),
  stream: z.boolean().optional(),
  messages: z.array(z.object({ role: z.string(), content: z.string() })),
});

/** A request as the service got it. */
export type Asked = z.output<typeof asked>;

/** What a service does with a request. */
export type Behavior = (res: ServerResponse, request: Asked, req: IncomingMessage) => void | Promise<void>;

/** A service that speaks OpenAI's chat completions, as far as is needed, and does with each request what it is told. */
export type FakeService = {
  url: string;
  /** The requests so far. */
  asked: Asked[];
  /** How many requests were cut off by the one who asked. */
  cutOff: () => number;
  /** The behaviors of the next requests, in turn; the last one stays. */
  next: (...behaviors: Behavior[]) => void;
  close: () => Promise<void>;
};

const MODEL = "gpt-test-2026-01-01";

const json = (res: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}) => {
  res.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
};

/** Answers in one piece. */
export const answers =
  (text: string, usage: object | null = { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 }): Behavior =>
  (res) =>
    json(res, 200, {
      id: "c1",
      object: "chat.completion",
      model: MODEL,
      choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: text } }],
      ...(usage === null ? {} : { usage }),
    });

/** Fails with a status, and a body that quotes what it was asked. */
export const fails =
  (status: number, headers: Record<string, string> = {}): Behavior =>
  (res, { messages }) =>
    json(res, status, { error: { message: `cannot answer "${messages.at(-1)?.content}"` } }, headers);

/** Never answers. */
export const stalls: Behavior = () => {};

const chunk = (delta: object, finish: string | null = null) =>
  `data: ${JSON.stringify({ id: "c1", model: MODEL, choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;

const begin = (res: ServerResponse) => {
  res.writeHead(200, { "content-type": "text/event-stream" });
  res.flushHeaders();
};

/** Streams an answer, with its usage at the end. */
export const streams =
  (pieces: string[], everyMs = 0): Behavior =>
  async (res) => {
    begin(res);
    for (const content of pieces) {
      res.write(chunk({ content }));
      await sleep(everyMs);
    }
    res.write(chunk({}, "stop"));
    res.write(
      `data: ${JSON.stringify({ id: "c1", model: MODEL, choices: [], usage: { prompt_tokens: 21, completion_tokens: 9 } })}\n\n`,
    );
    res.end("data: [DONE]\n\n");
  };

/** Streams some pieces, and then cuts the connection. */
export const breaksAfter =
  (pieces: string[]): Behavior =>
  async (res) => {
    begin(res);
    for (const content of pieces) res.write(chunk({ content }));
    await sleep(50);
    res.destroy();
  };

/** Streams some pieces, and then ends as if that were all, without having finished. */
export const endsAfter =
  (pieces: string[]): Behavior =>
  (res) => {
    begin(res);
    res.end(pieces.map((content) => chunk({ content })).join(""));
  };

/** Streams some pieces, and then says nothing more. */
export const stallsAfter =
  (pieces: string[]): Behavior =>
  (res) => {
    begin(res);
    for (const content of pieces) res.write(chunk({ content }));
  };

/** Starts it on a port of its own. */
export const startFakeService = async (): Promise<FakeService> => {
  const requests: Asked[] = [];
  let behaviors: Behavior[] = [answers("Hello!")];
  let cut = 0;
  const server = createServer(async (req, res) => {
    let body = "";
    for await (const part of req) body += part;
    const request = asked.parse(JSON.parse(body));
    requests.push(request);
    res.once("close", () => {
      if (!res.writableFinished) cut += 1;
    });
    const [behavior = stalls, ...later] = behaviors;
    if (later.length > 0) behaviors = later;
    await behavior(res, request, req);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    asked: requests,
    cutOff: () => cut,
    next: (...given) => {
      behaviors = given;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
};
