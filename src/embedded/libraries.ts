import { readFile, symlink } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { z } from "zod";
import { errorCode } from "../errors.ts";

const links = z.array(z.object({ source: z.string(), target: z.string() }));

/**
 * Makes the links between the shared libraries that a package cannot hold. The platform's package does
 * it when it is installed, where the package manager lets it run scripts, which is no longer usual.
 */
export async function ensureLibraryLinks(root: string): Promise<void> {
  const packageDir = dirname(root);
  for (const { source, target } of await readLinks(root)) {
    const link = join(packageDir, target);
    try {
      await symlink(relative(dirname(link), join(packageDir, source)), link);
    } catch (error) {
      // There already, or not ours to write: then the server's own error says what is missing.
      if (!["EEXIST", "EACCES", "EROFS"].includes(errorCode(error) ?? "")) throw error;
    }
  }
}

async function readLinks(root: string): Promise<z.infer<typeof links>> {
  try {
    return links.parse(JSON.parse(await readFile(join(root, "pg-symlinks.json"), "utf8")));
  } catch (error) {
    if (errorCode(error) === "ENOENT") return []; // Windows has none.
    throw error;
  }
}
