import { createHash, randomBytes } from "node:crypto";

/** A new secret, and what may be known of it. */
export type Secret = {
  /** Shown once, kept nowhere. */
  text: string;
  hash: Buffer;
  /** How it begins: enough to tell it from others, of no use to whoever sees it. */
  prefix: string;
};

// Scanners that look for secrets in public code know a key by its beginning.
const MARK = "cm_";
const BYTES = 32;
const SHOWN = MARK.length + 8;
const SHAPE = /^cm_[\w-]{43}$/;

/** Makes a secret of 256 random bits. */
export function newSecret(): Secret {
  const text = MARK + randomBytes(BYTES).toString("base64url");
  return { text, hash: hashOf(text), prefix: text.slice(0, SHOWN) };
}

/** What a secret is looked up by. */
export function hashOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

/** Whether a text has the form of a secret: what has not need not be looked up. */
export function isSecret(text: string): boolean {
  return SHAPE.test(text);
}
