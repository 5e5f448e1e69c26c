/** A parameter in text format; NULL where undefined. */
export type Parameter = string | undefined;

/** The server's messages that a load generator must know. */
export const TYPES = { ready: 0x5a, dataRow: 0x44, error: 0x45 };

const HEAD_BYTES = 5;

function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.write(type, 0, "latin1");
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

const SYNC = message("S", Buffer.alloc(0));
// The unnamed portal, all its rows.
const EXECUTE_AND_SYNC = Buffer.concat([message("E", Buffer.alloc(5)), SYNC]);

/** The client says goodbye. */
export const TERMINATE = message("X", Buffer.alloc(0));

/** Prepares a statement, its parameter types left to the server. */
export function parse(name: string, statement: string): Buffer {
  return Buffer.concat([message("P", Buffer.from(`${name}\0${statement}\0\0\0`, "utf8")), SYNC]);
}

/** Runs a prepared statement; written in one piece, as this is made for every row. */
export function bindAndExecute(name: string, parameters: readonly Parameter[]): Buffer {
  let size = 4 + 1 + name.length + 1 + 2 + 2 + 2;
  for (const value of parameters) size += 4 + (value === undefined ? 0 : Buffer.byteLength(value));
  const bytes = Buffer.allocUnsafe(1 + size + EXECUTE_AND_SYNC.length);
  let at = bytes.write("B", 0, "latin1");
  at = bytes.writeInt32BE(size, at);
  at = bytes.writeInt8(0, at); // the unnamed portal
  at += bytes.write(`${name}\0`, at, "latin1");
  at = bytes.writeInt16BE(0, at); // all parameters as text
  at = bytes.writeInt16BE(parameters.length, at);
  for (const value of parameters) {
    at = bytes.writeInt32BE(value === undefined ? -1 : Buffer.byteLength(value), at);
    if (value !== undefined) at += bytes.write(value, at, "utf8");
  }
  at = bytes.writeInt16BE(0, at); // all results as text
  EXECUTE_AND_SYNC.copy(bytes, at);
  return bytes;
}

/** Hands over every whole message of `data`; returns what is left of the last. */
export function splitMessages(data: Buffer, take: (type: number, body: Buffer) => void): Buffer {
  let at = 0;
  while (at + HEAD_BYTES <= data.length) {
    const end = at + 1 + data.readInt32BE(at + 1);
    if (end > data.length) break;
    take(data.readUInt8(at), data.subarray(at + HEAD_BYTES, end));
    at = end;
  }
  return data.subarray(at);
}
