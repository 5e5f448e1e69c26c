import { randomFeedback, randomLead } from "./extras.ts";
import { ORGANIZATIONS, type Organization } from "./organizations.ts";
import { PHRASES } from "./phrases.ts";
import { createRandom, type Random } from "./random.ts";
import { randomStart } from "./rhythm.ts";

/** A row of conversations; `later` is what an update writes when the streamed answer is complete. */
export type ConversationRow = {
  organization_id: number | null;
  session_id: string;
  widget_id: number;
  user_id: number | null;
  role: string | null;
  message: string | null;
  response: string | null;
  model: string | null;
  prompt_tokens: number | null;
  completion_tokens: number | null;
  created_at: string;
  responded_at: string | null;
};

/** A row of leads. */
export type LeadRow = Pick<
  ConversationRow,
  "organization_id" | "session_id" | "widget_id" | "user_id" | "created_at"
> & {
  name: string;
  email: string;
  phone: string | null;
  company: string | null;
  custom_fields: Record<string, string>;
};

/** A row of feedback; `onRow` is the message row that it names, where it names one and no session. */
export type FeedbackRow = {
  organization_id: number | null;
  session_id: string | null;
  message_index: number;
  rating: number;
  feedback_text: string | null;
  created_at: string;
  onRow: number | null;
};

/** All that one session writes. */
export type DemoSession = {
  rows: ConversationRow[];
  /** Whether its answers are written in a second step. */
  streamed: boolean;
  lead: LeadRow | undefined;
  feedback: FeedbackRow | undefined;
};

/** What the demo is made from; the same options give the same sessions. */
export type DemoOptions = { sessions: number; seed: number; until: Date };

/** The sessions of a demo, one after the other. */
export function* generateSessions({ sessions, seed, until }: DemoOptions): Generator<DemoSession> {
  const random = createRandom(seed);
  for (let number = 1; number <= sessions; number += 1) {
    yield randomSession(random, `demo-${seed}-${String(number).padStart(5, "0")}`, until);
  }
}

function randomSession(random: Random, sessionId: string, until: Date): DemoSession {
  const organization = randomOrganization(random);
  const base: Base = {
    organization_id: organization.id,
    session_id: sessionId,
    widget_id: random.pick(organization.widgets),
    user_id: random.chance(0.4) ? random.int(1, 500) : null,
    model: organization.model,
  };
  const rows = randomRows(random, organization, base, until);
  return {
    rows,
    streamed: organization.style === "streamed",
    lead: random.chance(0.12) ? randomLead(random, rows) : undefined,
    feedback: random.chance(0.22) ? randomFeedback(random, rows) : undefined,
  };
}

type Base = Pick<ConversationRow, "organization_id" | "session_id" | "widget_id" | "user_id" | "model">;

function randomOrganization(random: Random): Organization {
  let rest = random.next();
  for (const organization of ORGANIZATIONS) {
    rest -= organization.share;
    if (rest < 0) return organization;
  }
  return ORGANIZATIONS[0];
}

function randomRows(random: Random, organization: Organization, base: Base, until: Date): ConversationRow[] {
  const rows: ConversationRow[] = [];
  const phrases = PHRASES[random.pick(organization.languages)];
  const exchanges = Math.max(1, Math.round(random.span(4, 0.7)));
  let at = randomStart(random, until).getTime();
  for (let count = 0; count < exchanges && at < until.getTime(); count += 1) {
    const number = String(random.int(10_000, 99_999));
    const [question, answer] = random.pick(phrases);
    const respondedAt = at + Math.round(1000 * Math.min(120, random.span(organization.responseSeconds, 0.5)));
    // Now and then a visitor is gone, or the provider fails, before there is an answer.
    const answered = respondedAt < until.getTime() && !random.chance(0.02);
    const exchange = {
      at,
      respondedAt,
      question: question.replaceAll("{n}", number),
      answer: answered ? answer.replaceAll("{n}", number) : null,
    };
    rows.push(...toRows(organization, base, exchange));
    at = respondedAt + Math.round(1000 * Math.min(1800, random.span(25, 0.8)));
  }
  return rows;
}

type Exchange = { at: number; respondedAt: number; question: string; answer: string | null };

function toRows(organization: Organization, base: Base, exchange: Exchange): ConversationRow[] {
  const { question, answer } = exchange;
  const created_at = new Date(exchange.at).toISOString();
  const responded_at = new Date(exchange.respondedAt).toISOString();
  const prompt_tokens = organization.reportsTokens ? Math.ceil(question.length / 3.6) + 7 : null;
  const completion_tokens = organization.reportsTokens && answer !== null ? Math.ceil(answer.length / 3.9) + 3 : null;
  const empty = { response: null, prompt_tokens: null, completion_tokens: null, responded_at: null };
  if (organization.style === "single") {
    const asked = { ...base, ...empty, role: "user", message: question, created_at };
    if (answer === null) return [asked];
    return [asked, { ...base, ...empty, role: "assistant", message: answer, created_at: responded_at }];
  }
  const row = {
    ...base,
    role: null,
    message: question,
    response: answer,
    prompt_tokens,
    completion_tokens,
    created_at,
  };
  return [{ ...row, responded_at: answer === null ? null : responded_at }];
}
