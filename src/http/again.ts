import { errorCode } from "../errors.ts";
import { isAway } from "./patience.ts";

const ATTEMPTS = 3;
const IN_THE_WAY = new Set(["40P01", "40001"]);

/**
 * Runs a transaction again that another one was in the way of (deadlock, serialization failure), or whose connection
 * was lost before it was to be committed: then it was not.
 */
export async function again<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt === ATTEMPTS || !(IN_THE_WAY.has(errorCode(error) ?? "") || isAway(error))) throw error;
    }
  }
}
