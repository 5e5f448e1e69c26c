/** Remembers how many tokens a piece has: the newest `size` to twice as many pieces. */
export class PieceCache {
  #size: number;
  #young = new Map<string, number>();
  #old = new Map<string, number>();

  constructor(size: number) {
    this.#size = size;
  }

  get(piece: string): number | undefined {
    const young = this.#young.get(piece);
    if (young !== undefined) return young;
    return this.#old.get(piece);
  }

  set(piece: string, count: number): void {
    if (this.#young.size >= this.#size) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(piece, count);
  }
}
