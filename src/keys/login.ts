import type { Sql } from "../database.ts";
import { createKey, type Organization, type Scope } from "./store.ts";

/** How long a sign-in link can be used, in minutes. */
export const LINK_MINUTES = 15;

/** Makes a link that signs a browser in, once. */
export async function createLoginLink(
  sql: Sql,
  url: string,
  { scope, organization }: { scope: Scope; organization: Organization } = { scope: "admin", organization: undefined },
): Promise<string> {
  const expiresAt = new Date(Date.now() + LINK_MINUTES * 60_000);
  const { secret } = await createKey(sql, { kind: "login", name: "browser", scope, organization, expiresAt });
  return `${url}/login?code=${secret}`;
}
