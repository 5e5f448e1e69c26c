/** What the name of every database made by a test begins with. */
export const PREFIX = "cm_test_";

/** The same server's URL for another database. */
export function databaseUrl(serverUrl: string, database: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  return url.href;
}
