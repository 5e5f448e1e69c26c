import { type Answerer, type ChatMessage, NO_USAGE } from "./answerer.ts";

/** The model that rows of the built-in responder name. */
export const BUILT_IN = "built-in";

/** What stands beside each of its answers. */
export const BUILT_IN_NOTICE =
  "No language model answered: this is the built-in responder, for trying things out. Set OPENAI_API_KEY for real answers.";

/** Answers without any service, in words that nobody takes for a model's. */
export function createBuiltIn(): Answerer {
  return {
    kind: "built-in",
    answer: async (messages) => ({ text: reply(messages), model: BUILT_IN, usage: NO_USAGE }),
    stream: async (messages, signal) => pieces(reply(messages), signal),
  };
}

async function* pieces(text: string, signal: AbortSignal) {
  for (const word of text.split(/(?<= )/)) {
    signal.throwIfAborted();
    yield { text: word, model: BUILT_IN };
  }
}

function reply(messages: ChatMessage[]): string {
  const asked = messages.filter(({ role }) => role === "user");
  const words = asked.at(-1)?.content.match(/\S+/g)?.length ?? 0;
  const number = asked.length === 1 ? "Your message" : `Your message (number ${asked.length} that I see here)`;
  return `[Built-in responder, not a language model] ${number} has ${words} ${words === 1 ? "word" : "words"}, and it is stored and counted.`;
}
