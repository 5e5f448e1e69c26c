import type { CliSettings } from "./settings.ts";

/** How to open psql, as lines to copy. A password stands there only where no log keeps it, and nobody else knows it. */
export function psqlLines(url: string, settings: CliSettings, { isSeen }: { isSeen: boolean }): string[] {
  if (settings.databaseUrl !== undefined) {
    return [settings.fromOption ? `psql "${withoutPassword(url)}"` : `psql "$DATABASE_URL"`];
  }
  if (isSeen) return [`psql "${url}"`];
  return [
    `psql "${withoutPassword(url)}"`,
    "(on a terminal, npx conversation-metrics start prints this line with the password)",
  ];
}

// psql asks for what is missing.
function withoutPassword(url: string): string {
  const shown = new URL(url);
  shown.password = "";
  for (const name of ["password", "sslpassword"]) shown.searchParams.delete(name);
  return shown.href;
}
