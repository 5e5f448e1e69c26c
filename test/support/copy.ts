import pg from "pg";

// Not by postgres.js: its COPY stream never ends when the server refuses the last line.

/** The part of a connection that the types leave out. */
type CopyConnection = { sendCopyFromChunk: (chunk: Buffer) => void; endCopyFrom: () => void };

type Value = string | number | null | undefined;

/** A value as COPY's text format has it. */
const encode = (value: Value) =>
  value === null || value === undefined
    ? "\\N"
    : String(value).replaceAll("\\", "\\\\").replaceAll("\t", "\\t").replaceAll("\n", "\\n").replaceAll("\r", "\\r");

/** One COPY on the wire: what it is sent, what it sends, and how it ends. */
class Copy implements pg.Submittable {
  readonly received: string[] = [];
  readonly done: Promise<void>;
  #settle: (error?: Error) => void = () => {};
  readonly #statement: string;
  readonly #lines: string[];

  constructor(statement: string, lines: string[] = []) {
    this.#statement = statement;
    this.#lines = lines;
    this.done = new Promise((resolve, reject) => {
      this.#settle = (error) => (error ? reject(error) : resolve());
    });
  }

  submit(connection: pg.Connection) {
    connection.query(this.#statement);
  }

  handleCopyInResponse(connection: CopyConnection) {
    for (const line of this.#lines) connection.sendCopyFromChunk(Buffer.from(line));
    connection.endCopyFrom();
  }

  handleCopyData({ chunk }: { chunk: Buffer }) {
    this.received.push(chunk.toString());
  }

  handleCommandComplete() {}

  handleError(error: Error) {
    this.#settle(error);
  }

  handleReadyForQuery() {
    this.#settle();
  }
}

const run = async (url: string, copy: Copy, before = "", after = "") => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(before);
    client.query(copy);
    await copy.done.finally(() => client.query(after));
  } finally {
    await client.end();
  }
  return copy.received;
};

/** Sends rows by `copy <target> from stdin`; the target is a table with its columns. */
export const copyIn = (url: string, target: string, rows: Value[][]): Promise<string[]> =>
  copyTextIn(
    url,
    target,
    rows.map((row) => `${row.map(encode).join("\t")}\n`),
  );

/** Sends lines that are in COPY's text format already; `before` and `after` run around it in the same connection. */
export const copyTextIn = (url: string, target: string, lines: string[], before = "", after = ""): Promise<string[]> =>
  run(url, new Copy(`copy ${target} from stdin`, lines), before, after);

/** What `copy <source> to stdout` sends, line by line; no search_path, as pg_dump, so that names are written in full. */
export const copyTextOut = (url: string, source: string): Promise<string[]> =>
  run(url, new Copy(`copy ${source} to stdout`), "set search_path = ''");
