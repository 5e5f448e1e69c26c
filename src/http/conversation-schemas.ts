import { z } from "zod";

const count = z.int().min(0);
const time = z.string().nullable().meta({ format: "date-time" });
const source = z.enum(["estimate", "tiktoken", "provider", "kept"]).nullable();

const message = z
  .object({
    id: z.string(),
    role: z.string().nullable(),
    message: z.string().nullable(),
    response: z.string().nullable(),
    model: z.string().nullable(),
    created_at: time,
    responded_at: time,
    counted: z
      .object({
        user_messages: count,
        ai_messages: count,
        prompt_tokens: count,
        prompt_source: source,
        completion_tokens: count,
        completion_source: source,
        encoding: z.string().nullable().meta({ description: "Of exact counts (tiktoken)." }),
        response_seconds: z.number().nullable(),
        counted_at: time,
      })
      .meta({ description: "What the ledger counts this row for." }),
  })
  .meta({ id: "Message" });

const number = z
  .object({
    value: z.union([z.number(), z.string(), z.boolean()]).nullable(),
    from_ledger: z.number().nullable().optional().meta({ description: "The same, added up from the ledger now." }),
    meaning: z.string(),
  })
  .meta({ id: "ExplainedNumber" });

/** The answer of GET /api/conversations/{session}. */
export const conversationAnswer = z
  .object({
    session_id: z.string(),
    organization_id: z.string().nullable(),
    numbers: z.record(z.string(), number).meta({ description: "Each column of conversation_metrics." }),
    messages: z.array(message),
    next: z.string().nullable().meta({ description: "Where the next page begins (?after=); null: this was the last." }),
    leads: z
      .array(
        z.object({
          id: z.string(),
          name: z.string().nullable(),
          email: z.string().nullable(),
          company: z.string().nullable(),
          counted: z.boolean(),
        }),
      )
      .meta({ description: "The latest one counts." }),
    feedback: z.array(z.object({ id: z.string(), rating: z.number().nullable(), message: z.string().nullable() })),
  })
  .meta({ id: "Conversation" });

export type ConversationAnswer = z.output<typeof conversationAnswer>;
