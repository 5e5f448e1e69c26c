import type { ConversationRow, FeedbackRow, LeadRow } from "./generate.ts";
import type { Random } from "./random.ts";

const FIRST = ["Ada", "Grace", "Alan", "Linus", "Margaret", "Edsger", "Radia", "Ken", "Barbara", "Donald"] as const;
const LAST = [
  "Moreno",
  "Schmidt",
  "Dubois",
  "Tanaka",
  "Okafor",
  "Silva",
  "Novak",
  "Larsen",
  "Haddad",
  "Reyes",
] as const;
const COMPANIES = [
  "Alder & Co",
  "Blue Harbor",
  "Kestrel Labs",
  "Maison Verte",
  "Nordlicht GmbH",
  "Sakura Trading",
] as const;
const SOURCES = ["pricing page", "newsletter", "contact form", "search"] as const;
const PRAISE = ["Very helpful", "Quick answer, thanks", "Exactly what I needed"] as const;
const BLAME = ["Did not answer my question", "Too slow", "I wanted to talk to a person"] as const;

/** Contact details that a visitor leaves, mostly after some messages and now and then before the first. */
export function randomLead(random: Random, rows: ConversationRow[]): LeadRow | undefined {
  const row = rows[random.int(0, rows.length - 1)];
  if (row === undefined) return undefined;
  const first = random.pick(FIRST);
  const last = random.pick(LAST);
  const early = random.chance(0.15) ? 30_000 : 0;
  return {
    organization_id: row.organization_id,
    session_id: row.session_id,
    widget_id: row.widget_id,
    user_id: row.user_id,
    name: `${first} ${last}`,
    email: `${first}.${last}${random.int(1, 99)}@mail.example`.toLowerCase(),
    phone: random.chance(0.5) ? `+1 555 01${random.int(10, 99)}` : null,
    company: random.chance(0.6) ? random.pick(COMPANIES) : null,
    custom_fields: { source: random.pick(SOURCES) },
    created_at: new Date(Date.parse(row.created_at) - early).toISOString(),
  };
}

/** A rating of the session, or of one of its answers. */
export function randomFeedback(random: Random, rows: ConversationRow[]): FeedbackRow | undefined {
  const index = random.int(0, rows.length - 1);
  const row = rows[index];
  if (row === undefined) return undefined;
  const rating = random.pick([5, 5, 5, 4, 4, 4, 3, 3, 2, 1]);
  const named = random.chance(0.4);
  return {
    organization_id: named ? null : row.organization_id,
    session_id: named ? null : row.session_id,
    message_index: index,
    rating,
    feedback_text: random.chance(0.3) ? random.pick(rating > 3 ? PRAISE : BLAME) : null,
    created_at: row.responded_at ?? row.created_at,
    onRow: named ? index : null,
  };
}
