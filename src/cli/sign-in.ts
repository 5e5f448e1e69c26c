import { connect } from "../database.ts";
import { createLoginLink } from "../keys/login.ts";
import { createKey, hasKeys } from "../keys/store.ts";

/** What whoever starts the server is shown to get in with. */
export type WaysIn = {
  /** A link that signs a browser in; undefined where what is printed is kept in a log. */
  link: string | undefined;
  /** The first key, made now. */
  key: string | undefined;
  hasKeys: boolean;
};

/** Makes a sign-in link, and in an embedded database the first key. */
export async function waysIn(
  databaseUrl: string,
  httpUrl: string,
  { embedded, isSeen }: { embedded: boolean; isSeen: boolean },
): Promise<WaysIn> {
  const sql = connect(databaseUrl, { max: 1 });
  try {
    const had = await hasKeys(sql);
    const first = { kind: "key", name: "first start", scope: "admin", organization: undefined } as const;
    const key = embedded && !had ? (await createKey(sql, first)).secret : undefined;
    const link = embedded || isSeen ? await createLoginLink(sql, httpUrl) : undefined;
    return { link, key, hasKeys: had || key !== undefined };
  } finally {
    await sql.end({ timeout: 5 });
  }
}
