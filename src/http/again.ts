import { errorCode } from "../errors.ts";

const ATTEMPTS = 3;

/** Runs a transaction again that another one was in the way of (deadlock, serialization failure). */
export async function again<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      const code = errorCode(error);
      if (attempt === ATTEMPTS || (code !== "40P01" && code !== "40001")) throw error;
    }
  }
}
