import { type CountTokens, createEncoder } from "./encoder.ts";
import type { Encoding } from "./encodings.ts";

/** Gives each encoding's counter, and loads an encoding once, at its first use. */
export function createEncoders(): (encoding: Encoding) => CountTokens {
  const loaded = new Map<Encoding, CountTokens>();
  return (encoding) => {
    const known = loaded.get(encoding);
    if (known) return known;
    const encoder = createEncoder(encoding);
    loaded.set(encoding, encoder);
    return encoder;
  };
}
