import { statfs } from "node:fs/promises";
import { freemem, tmpdir } from "node:os";

const MEMORY_FOLDER = "/dev/shm";
const MEMORY_NEEDED_BYTES = 6 * 1024 ** 3;

/**
 * Where the tests' databases are made: in memory where there is enough, for a database is hundreds of
 * files, and every test makes one. Measured 57 ms a database instead of 200. TMPDIR overrules it.
 */
export async function fastFolder(): Promise<string> {
  if (process.env.TMPDIR) return tmpdir();
  const room = await statfs(MEMORY_FOLDER).then(
    (found) => found.bavail * found.bsize,
    () => 0,
  );
  return Math.min(room, freemem()) > MEMORY_NEEDED_BYTES ? MEMORY_FOLDER : tmpdir();
}
