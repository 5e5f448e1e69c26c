import { decimal, duration, integer, moment, NONE } from "../format.ts";
import type { Conversation } from "../types.ts";

/** A column of the list of conversations; its name is that of the API, which sorts and exports by it. */
export type Column = {
  name: keyof Conversation;
  title: string;
  number?: boolean;
  /** Left out where there is little room. */
  spare?: boolean;
  write: (row: Conversation, zone: string) => string;
};

export const COLUMNS: Column[] = [
  { name: "session_id", title: "Conversation", write: ({ session_id }) => session_id },
  { name: "conversation_start", title: "Began", write: (row, zone) => moment(row.conversation_start, zone) },
  { name: "organization_id", title: "Organization", spare: true, write: (row) => row.organization_id ?? "none" },
  { name: "widget_id", title: "Widget", spare: true, write: (row) => row.widget_id ?? NONE },
  { name: "total_messages", title: "Messages", number: true, write: (row) => integer(row.total_messages) },
  { name: "total_tokens", title: "Tokens", number: true, write: (row) => integer(row.total_tokens) },
  {
    name: "average_response_time",
    title: "Response",
    number: true,
    spare: true,
    write: (row) => duration(row.average_response_time),
  },
  {
    name: "conversation_duration",
    title: "Duration",
    number: true,
    spare: true,
    write: (row) => duration(row.conversation_duration),
  },
  {
    name: "lead_name",
    title: "Lead",
    write: (row) => (row.has_lead ? (row.lead_name ?? row.lead_email ?? "Yes") : NONE),
  },
  { name: "user_satisfaction", title: "Rating", number: true, write: (row) => decimal(row.user_satisfaction, 1) },
];

/** The columns as the export takes them. */
export const EXPORTED = COLUMNS.map(({ name }) => name).join(",");
