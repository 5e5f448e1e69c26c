import { Socket } from "node:net";
import pg from "pg";
import { bindAndExecute, type Parameter, parse, splitMessages, TERMINATE, TYPES } from "./protocol.ts";

/** Who waits for an answer: gets the first column of the first row. */
type Waiting = { resolve: (value: string | undefined) => void; reject: (error: Error) => void };

/**
 * One connection that runs prepared statements. An application's driver spends more on a small INSERT
 * than the server does, and would be what is measured; this one decodes nothing that is not needed,
 * and has several statements on the way at once. Each is followed by its own Sync, so each is a
 * transaction of its own unless BEGIN came before.
 */
export class WireConnection {
  readonly #socket: Socket;
  readonly #waiting: Waiting[] = [];
  #received: Buffer = Buffer.alloc(0);
  #toSend: Buffer[] = [];
  #value: string | undefined;
  #error: Error | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk) => this.#receive(chunk));
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", () => this.#fail(new Error("The server closed the connection.")));
  }

  /** Logs in by the driver `pg` and takes its socket over. */
  static async open(url: string): Promise<WireConnection> {
    const socket = new Socket();
    const client = new pg.Client({ connectionString: url, stream: () => socket });
    await client.connect();
    socket.removeAllListeners();
    return new WireConnection(socket);
  }

  /** Prepares a statement under a name. */
  async prepare(name: string, statement: string): Promise<void> {
    await this.#send(parse(name, statement));
  }

  /** Runs a prepared statement; resolves with the first column of its first row. */
  run(name: string, parameters: readonly Parameter[] = []): Promise<string | undefined> {
    return this.#send(bindAndExecute(name, parameters));
  }

  /** Ends the session. */
  close(): void {
    this.#socket.removeAllListeners();
    this.#socket.on("error", () => {});
    this.#socket.end(TERMINATE);
  }

  #send(bytes: Buffer): Promise<string | undefined> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      // All that the callers want to send after one answer leaves in one write.
      if (this.#toSend.length === 0) setImmediate(() => this.#flush());
      this.#toSend.push(bytes);
    });
  }

  #flush(): void {
    const [only] = this.#toSend;
    this.#socket.write(this.#toSend.length === 1 && only ? only : Buffer.concat(this.#toSend));
    this.#toSend = [];
  }

  #receive(chunk: Buffer): void {
    const data = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    this.#received = splitMessages(data, (type, body) => this.#take(type, body));
  }

  #take(type: number, body: Buffer): void {
    if (type === TYPES.dataRow) this.#value ??= firstColumn(body);
    else if (type === TYPES.error) this.#error = new Error(body.toString("utf8").replaceAll("\0", " "));
    else if (type === TYPES.ready) this.#settle();
  }

  #settle(): void {
    const waiting = this.#waiting.shift();
    if (this.#error) waiting?.reject(this.#error);
    else waiting?.resolve(this.#value);
    this.#value = undefined;
    this.#error = undefined;
  }

  #fail(error: Error): void {
    for (const waiting of this.#waiting.splice(0)) waiting.reject(error);
  }
}

function firstColumn(body: Buffer): string | undefined {
  if (body.readInt16BE(0) === 0) return undefined;
  const length = body.readInt32BE(2);
  return length < 0 ? undefined : body.toString("utf8", 6, 6 + length);
}
