/** The API's answers, as docs/http.md and /openapi.json describe them. */

export type Totals = {
  conversations: number;
  messages: number;
  user_messages: number;
  ai_messages: number;
  total_tokens: number;
  estimated_messages: number;
  leads: number;
  conversion_rate: number | null;
  ratings: number;
  average_satisfaction: number | null;
  average_response_time: number | null;
  average_duration: number | null;
};

type Before<T> = { [K in keyof T & string as `previous_${K}`]: T[K] | null };

export type Summary = Totals & Before<Totals> & { from_time: string | null; to_time: string | null };

export type Day = Totals & Partial<Before<Totals>> & { day: string | null };

export type ModelDay = {
  day: string | null;
  model: string | null;
  messages: number;
  total_tokens: number;
  cost: number | null;
  unpriced_tokens: number;
};

export type Cost = {
  total_tokens: number;
  estimated_tokens: number;
  counted_tokens: number;
  reported_tokens: number;
  cost: number | null;
  unpriced_tokens: number;
  previous_cost: number | null;
};

export type Leads = {
  conversations: number;
  converted_conversations: number;
  conversion_rate: number | null;
  leads: number;
  leads_with_email: number;
  cost: number | null;
  cost_per_lead: number | null;
  previous_cost_per_lead: number | null;
};

export type Times = {
  measure: "answer" | "conversation" | "duration";
  count: number;
  average: number | null;
  p50: number | null;
  p90: number | null;
  p95: number | null;
  p99: number | null;
  previous_p50: number | null;
  previous_p90: number | null;
  previous_p95: number | null;
  previous_p99: number | null;
  is_exact: boolean;
};

export type Rating = { rating: number; ratings: number; share: number | null; conversations: number };

export type Hour = { weekday: number; hour: number; conversations: number; messages: number };

export type Conversation = {
  session_id: string;
  organization_id: string | null;
  widget_id: string | null;
  user_id: string | null;
  conversation_start: string | null;
  conversation_duration: number | null;
  total_messages: number;
  total_tokens: number;
  estimated_messages: number;
  average_response_time: number | null;
  has_lead: boolean;
  lead_name: string | null;
  lead_email: string | null;
  user_satisfaction: number | null;
};

export type Scope = {
  organization_id: string | null;
  widget_id: string | null;
  conversations: number;
  first: string | null;
  last: string | null;
};

export type Check = { checked_at: string; sessions: number; drifted: number; healed: number } | null;

export type Status = {
  version: string;
  now: string;
  worker: { alive: number; seen_at: string | null };
  waiting_since: string | null;
  last_check: Check;
  last_finding: Check;
};

export type Rows<T> = { rows: T[] };

type TokenSource = "estimate" | "tiktoken" | "provider" | "kept" | null;

export type Message = {
  id: string;
  role: string | null;
  message: string | null;
  response: string | null;
  model: string | null;
  created_at: string | null;
  responded_at: string | null;
  counted: {
    user_messages: number;
    ai_messages: number;
    prompt_tokens: number;
    prompt_source: TokenSource;
    completion_tokens: number;
    completion_source: TokenSource;
    encoding: string | null;
    response_seconds: number | null;
  };
};

export type Explained = { value: number | string | boolean | null; from_ledger?: number | null; meaning: string };

export type Detail = {
  session_id: string;
  organization_id: string | null;
  numbers: Record<string, Explained>;
  messages: Message[];
  next: string | null;
  leads: { id: string; name: string | null; email: string | null; company: string | null; counted: boolean }[];
  feedback: { id: string; rating: number | null; message: string | null }[];
};
