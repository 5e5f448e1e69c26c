/** Runs what it is given one after the other, in the order given; an error is its caller's alone. */
export type Turns = <T>(work: () => Promise<T>) => Promise<T>;

/** Makes a queue that is empty. */
export function createTurns(): Turns {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work);
    last = mine.catch(() => {});
    return mine;
  };
}
