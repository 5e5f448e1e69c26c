import { z } from "zod";

const LONGEST_MESSAGE = 16_000;

// PostgreSQL's texts cannot hold NUL; half a surrogate pair is no text.
const text = (longest: number) =>
  z
    .string()
    .max(longest)
    .regex(/^[^\0]*$/, { error: "must not hold the character NUL" })
    .overwrite((value) => value.toWellFormed());

const trimmed = (longest: number) => text(longest).trim().min(1);

/** An id as the application's tables have it: a number or a text; it comes out as text. */
export const idSchema = z
  .union([z.int().min(0), trimmed(200)])
  .transform(String)
  .meta({ description: "A number or a text, as your tables have it." });

/** What names a session, with what a first message says of it. */
export const sessionFields = {
  session_id: trimmed(200).meta({ description: "The session, within its organization.", example: "s-1" }),
  organization_id: idSchema.optional().meta({ description: "The tenant; rows without one are a tenant of their own." }),
  widget_id: idSchema.optional(),
  user_id: idSchema.optional(),
};

/** The body of POST /api/chat. */
export const chatBody = z
  .strictObject({
    message: text(LONGEST_MESSAGE).regex(/\S/, { error: "must not be empty" }).meta({ example: "Open on Sundays?" }),
    ...sessionFields,
  })
  .meta({ id: "ChatRequest" });

/** The body of POST /api/leads. */
export const leadBody = z
  .strictObject({
    ...sessionFields,
    name: trimmed(200).optional(),
    email: z.email().max(254).optional(),
    phone: trimmed(50).optional(),
    company: trimmed(200).optional(),
    custom_fields: z.record(text(100), z.union([text(2000), z.number(), z.boolean(), z.null()])).optional(),
  })
  .refine(({ name, email, phone, company }) => name ?? email ?? phone ?? company, {
    error: "must have a name, email, phone or company",
  })
  .meta({ id: "LeadRequest" });

/** The body of POST /api/feedback. */
export const feedbackBody = z
  .strictObject({
    session_id: sessionFields.session_id,
    organization_id: sessionFields.organization_id,
    conversation_id: idSchema.meta({ description: "The rated message: `id` in the answer of /api/chat." }),
    rating: z.int().min(1).max(5),
    feedback_text: text(4000).optional(),
  })
  .meta({ id: "FeedbackRequest" });

const count = z.int().min(0);
const time = z.string().nullable().meta({ format: "date-time" });
const seconds = z.number().nullable();

/** A session's metrics as those see them who write: without anybody's contact details. */
export const metricsSchema = z
  .object({
    total_messages: count,
    user_messages: count,
    ai_messages: count,
    total_tokens: count,
    prompt_tokens: count,
    completion_tokens: count,
    estimated_messages: count.meta({ description: "How many messages' tokens are still estimates." }),
    conversation_start: time,
    conversation_end: time,
    conversation_duration: seconds.meta({ description: "Seconds." }),
    average_response_time: seconds.meta({ description: "Seconds." }),
    has_lead: z.boolean(),
    user_satisfaction: z.number().nullable().meta({ description: "Mean rating, 1 to 5." }),
  })
  .meta({ id: "SessionMetrics" });

/** The answer of POST /api/chat. */
export const chatAnswer = z
  .object({
    id: z.string().meta({ description: "Of the stored row: what feedback names." }),
    session_id: z.string(),
    response: z.string(),
    model: z.string().meta({ description: 'As the provider names it, or "built-in".' }),
    answered_by: z.enum(["service", "built-in"]),
    notice: z.string().optional().meta({ description: "Says so where no language model answered." }),
    prompt_tokens: count.nullable().meta({ description: "As the provider reported them." }),
    completion_tokens: count.nullable().meta({ description: "As the provider reported them." }),
    created_at: time,
    responded_at: time,
    metrics: metricsSchema.nullable().meta({ description: "Of the session, in the same transaction." }),
  })
  .meta({ id: "ChatAnswer" });

/** The answer of POST /api/leads and /api/feedback. */
export const storedAnswer = z
  .object({
    id: z.string(),
    metrics: metricsSchema.nullable().meta({ description: "Of the session; null before its first message." }),
  })
  .meta({ id: "Stored" });

export type ChatBody = z.output<typeof chatBody>;
export type SessionMetrics = z.output<typeof metricsSchema>;
export type ChatAnswer = z.output<typeof chatAnswer>;
