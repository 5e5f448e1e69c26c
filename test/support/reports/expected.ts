import type { Conversation, Exchange } from "./conversations.ts";

/** What the reports should say, from what the tests wrote: plain loops over it, and nothing that our SQL computed. */

export const startOf = ({ exchanges }: Conversation): number => Math.min(...exchanges.map((e) => e.createdAt));

export const endOf = ({ exchanges }: Conversation): number =>
  Math.max(...exchanges.flatMap((e) => [e.createdAt, e.response === null ? 0 : (e.respondedAt ?? 0)]));

export const promptTokens = (e: Exchange): number => e.promptTokens ?? Math.ceil(e.message.length / 4);

export const completionTokens = (e: Exchange): number =>
  e.response === null ? 0 : (e.completionTokens ?? Math.ceil(e.response.length / 4));

export const messagesOf = (e: Exchange): number => (e.response === null ? 1 : 2);

/** Milliseconds of each answer whose time is known. */
export const answersOf = ({ exchanges }: Conversation): number[] =>
  exchanges.flatMap((e) => (e.response === null || e.respondedAt === null ? [] : [e.respondedAt - e.createdAt]));

export const sum = (numbers: number[]): number => numbers.reduce((a, b) => a + b, 0);

export const mean = (numbers: number[]): number | null => (numbers.length === 0 ? null : sum(numbers) / numbers.length);

/** Linear between the two nearest, as percentile_cont is defined. */
export function percentile(numbers: number[], fraction: number): number | null {
  const sorted = numbers.toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * fraction;
  const below = sorted[Math.floor(place)];
  const above = sorted[Math.ceil(place)];
  return below === undefined || above === undefined ? null : below + (above - below) * (place - Math.floor(place));
}

const estimates = (e: Exchange): number =>
  Number(e.promptTokens === null) + Number(e.response !== null && e.completionTokens === null);

/** The figures of report_summary and of the days, weeks and months. */
export function figuresOf(conversations: Conversation[]) {
  const exchanges = conversations.flatMap((c) => c.exchanges);
  const ratings = conversations.flatMap((c) => c.ratings);
  const prompt = sum(exchanges.map(promptTokens));
  const completion = sum(exchanges.map(completionTokens));
  const messages = sum(exchanges.map(messagesOf));
  const leads = conversations.filter((c) => c.leads.length > 0).length;
  const perConversation = (total: number) => (conversations.length === 0 ? null : total / conversations.length);
  const answers = mean(conversations.flatMap(answersOf));
  const duration = mean(conversations.map((c) => endOf(c) - startOf(c)));
  return {
    conversations: conversations.length,
    messages,
    user_messages: exchanges.length,
    ai_messages: messages - exchanges.length,
    total_tokens: prompt + completion,
    prompt_tokens: prompt,
    completion_tokens: completion,
    estimated_messages: sum(exchanges.map(estimates)),
    leads,
    conversion_rate: perConversation(leads),
    ratings: ratings.length,
    average_satisfaction: mean(ratings),
    average_messages: perConversation(messages),
    average_tokens: perConversation(prompt + completion),
    average_response_time: answers === null ? null : answers / 1000,
    average_duration: duration === null ? null : duration / 1000,
  };
}
