import { duration, integer, moment } from "../format.ts";
import type { Detail, Message } from "../types.ts";

/** What was said, and for what each message was counted. */
export function Messages({ detail, zone }: { detail: Detail; zone: string }) {
  return (
    <section aria-labelledby="messages-title">
      <h3 id="messages-title">Messages</h3>
      <ol class="messages">
        {detail.messages.map((row) => (
          <Row key={row.id} row={row} zone={zone} />
        ))}
      </ol>
      {detail.next !== null && <p class="note">The first {integer(detail.messages.length)} messages.</p>}
    </section>
  );
}

function Row({ row, zone }: { row: Message; zone: string }) {
  const { counted, role, message, response, model } = row;
  const byUser = role === null || role === "user";
  const byAi = role === "assistant";
  return (
    <>
      {message !== null && message !== "" && (
        <li class={byUser ? "by-user" : "by-ai"}>
          <p class="text">{message}</p>
          <p class="note">
            {byUser ? "User" : byAi ? "AI" : `${role}, not counted`} · {moment(row.created_at, zone, true)}
            {byUser && ` · ${tokens(counted.prompt_tokens, counted.prompt_source, counted.encoding)}`}
            {byAi && ` · ${tokens(counted.completion_tokens, counted.completion_source, counted.encoding)}`}
            {byUser && counted.response_seconds !== null && (response === null || response === "")
              ? ` · answered after ${duration(counted.response_seconds)}`
              : ""}
          </p>
        </li>
      )}
      {response !== null && response !== "" && (
        <li class="by-ai">
          <p class="text">{response}</p>
          <p class="note">
            AI{model === null ? "" : `, ${model}`} ·{" "}
            {tokens(counted.completion_tokens, counted.completion_source, counted.encoding)}
            {counted.response_seconds === null ? "" : ` · after ${duration(counted.response_seconds)}`}
          </p>
        </li>
      )}
      {(message ?? "") === "" && (response ?? "") === "" && <li class="note">An empty row: no message</li>}
    </>
  );
}

function tokens(count: number, source: Message["counted"]["prompt_source"], encoding: string | null): string {
  const sources = {
    estimate: "estimated",
    tiktoken: `counted exactly${encoding === null ? "" : ` by ${encoding}`}`,
    provider: "reported by the provider",
    kept: "an estimate whose text was erased",
  };
  return `${integer(count)} ${count === 1 ? "token" : "tokens"}${source === null ? "" : `, ${sources[source]}`}`;
}
