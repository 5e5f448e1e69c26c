import { useEffect, useState } from "preact/hooks";
import { apiAddress, read } from "../api.ts";

type Session = { by: "key" | "session" | "machine"; organization: string | null; every_organization: boolean };

/** Whose figures are seen, and the way out for whoever signed in by a link. */
export function SessionOf() {
  const [session, set] = useState<Session>();
  useEffect(() => {
    // Without a session the figures say what is missing.
    read<Session>(apiAddress("session")).then(set, () => {});
  }, []);
  if (session === undefined) return null;
  return (
    <>
      {!session.every_organization && (
        <span class="note">
          {session.organization === null
            ? "Rows without an organization alone"
            : `Organization ${session.organization} alone`}
        </span>
      )}
      {session.by === "session" && (
        <button type="button" class="quiet" onClick={() => void signOut()}>
          Sign out
        </button>
      )}
    </>
  );
}

async function signOut(): Promise<void> {
  const headers = { "content-type": "application/json" };
  await fetch(apiAddress("session/end"), { method: "POST", headers, body: "{}" });
  location.reload();
}
