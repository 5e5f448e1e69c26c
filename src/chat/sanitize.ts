import { z } from "zod";
import type { Usage } from "./answerer.ts";

const tokens = z.int().min(0).max(2_147_483_647).nullish().catch(null);
const usage = z.object({ prompt_tokens: tokens, completion_tokens: tokens });

/** What PostgreSQL can store: no NUL, no half of a surrogate pair. */
export function plainText(text: string): string {
  return text.replaceAll("\0", "").toWellFormed();
}

/** The reported usage, as far as it can be true. */
export function usageOf(reported: unknown): Usage | undefined {
  const parsed = usage.safeParse(reported);
  if (!parsed.success) return undefined;
  return { prompt: parsed.data.prompt_tokens ?? null, completion: parsed.data.completion_tokens ?? null };
}
