const APOSTROPHE = 0x27;
const LONG_S = 0x17f;
const [D, E, L, M, R, S, T, V] = [0x64, 0x65, 0x6c, 0x6d, 0x72, 0x73, 0x74, 0x76];

/** Where `'s|'t|'re|'ve|'m|'ll|'d` ends that starts at `at`; `at` where there is none. */
export const contractionEnd = (text: string, at: number): number => endOf(text, at, 0);

/** The same in any case. By Unicode's case folding the long s (U+017F) is an s; the other letters have two cases. */
export function contractionEndAnyCase(text: string, at: number): number {
  if (text.charCodeAt(at) === APOSTROPHE && text.charCodeAt(at + 1) === LONG_S) return at + 2;
  return endOf(text, at, 0x20);
}

/** `caseBit` 0x20 makes capitals small, and nothing else a small letter. */
function endOf(text: string, at: number, caseBit: number): number {
  if (text.charCodeAt(at) !== APOSTROPHE) return at;
  const first = text.charCodeAt(at + 1) | caseBit;
  if (first === S || first === T || first === M || first === D) return at + 2;
  const second = text.charCodeAt(at + 2) | caseBit;
  if (second === E && (first === R || first === V)) return at + 3;
  return second === L && first === L ? at + 3 : at;
}
