import type { Case } from "./case.ts";

const message = "insert into conversations (organization_id, session_id, message) values (1, 's', 'hi')";
const lead = (values: string) =>
  `insert into leads (organization_id, session_id, name, email, company, created_at) values ${values}`;
const noLead = { has_lead: false, lead_name: null, lead_email: null, lead_company: null };
const ann = { has_lead: true, lead_name: "Ann", lead_email: "ann@a.example", lead_company: "A" };
const annsLead = lead("(1, 's', 'Ann', 'ann@a.example', 'A', '2025-03-01')");

export const leads: Case[] = [
  { title: "a session without a lead says so", write: [message], metrics: [noLead] },
  { title: "a lead after the first message is the session's", write: [message, annsLead], metrics: [ann] },
  { title: "a lead before the first message is the session's", write: [annsLead, message], metrics: [ann] },
  { title: "a lead alone makes no metrics row", write: [annsLead], metrics: [] },
  {
    title: "of several leads the latest in time counts",
    write: [
      message,
      lead("(1, 's', 'Ben', 'ben@b.example', 'B', '2025-02-01')"),
      annsLead,
      lead("(1, 's', 'Cy', null, null, '2025-01-01')"),
    ],
    metrics: [ann],
  },
  {
    title: "of leads of one time the highest id counts",
    write: [message, lead("(1, 's', 'Ben', 'ben@b.example', 'B', '2025-03-01')"), annsLead],
    metrics: [ann],
  },
  {
    title: "a lead of unknown time counts only where no other is",
    write: [
      message,
      annsLead,
      lead("(1, 's', 'Ben', null, null, 'infinity'), (1, 's', 'Cy', null, null, '-infinity')"),
    ],
    metrics: [ann],
  },
  {
    title: "a lead of the year 200000 or later is of unknown time",
    write: [message, annsLead, lead("(1, 's', 'Ben', null, null, '200000-01-01 00:00:00+00')")],
    metrics: [ann],
  },
  {
    title: "of leads of unknown time the highest id counts",
    write: [message, lead("(1, 's', 'Ben', null, null, 'infinity'), (1, 's', 'Cy', null, null, '-infinity')")],
    metrics: [{ has_lead: true, lead_name: "Cy" }],
  },
  {
    title: "the fields are those of the latest lead, also where it has none",
    write: [message, annsLead, lead("(1, 's', null, null, null, '2025-03-02')")],
    metrics: [{ ...noLead, has_lead: true }],
  },
  {
    title: "when the latest lead goes the one before it counts again",
    write: [
      message,
      annsLead,
      lead("(1, 's', 'Ben', null, null, '2025-03-02')"),
      "delete from leads where name = 'Ben'",
    ],
    metrics: [ann],
  },
  {
    title: "when the last lead goes its fields are cleared",
    write: [message, annsLead, "delete from leads"],
    metrics: [noLead],
  },
  {
    title: "a changed lead is the session's as changed",
    write: [
      message,
      lead("(1, 's', 'An', null, null, '2025-03-01')"),
      "update leads set name = 'Ann', email = 'ann@a.example', company = 'A'",
    ],
    metrics: [ann],
  },
  {
    title: "a lead whose time is moved can stop being the latest",
    write: [
      message,
      annsLead,
      lead("(1, 's', 'Ben', null, null, '2025-03-02')"),
      "update leads set created_at = '2025-02-01' where name = 'Ben'",
    ],
    metrics: [ann],
  },
  {
    title: "a lead moved to another session leaves the one and joins the other",
    write: [
      message,
      "insert into conversations (organization_id, session_id, message) values (1, 't', 'hi')",
      annsLead,
      "update leads set session_id = 't'",
    ],
    metrics: [
      { session_id: "s", ...noLead },
      { session_id: "t", ...ann },
    ],
  },
  {
    title: "a lead of another organization or of none is not the session's",
    write: [message, lead("(2, 's', 'Ben', null, null, now()), (null, 's', 'Cy', null, null, now())")],
    metrics: [noLead],
  },
  {
    title: "a lead without an organization belongs to the session without one",
    write: [
      "insert into conversations (session_id, message) values ('s', 'hi')",
      lead("(null, 's', 'Ann', 'ann@a.example', 'A', now()), (0, 's', 'Ben', null, null, now())"),
    ],
    metrics: [{ organization_id: null, ...ann }],
  },
  {
    title: "a lead without a session belongs to none",
    write: ["alter table leads alter session_id drop not null", message, lead("(1, null, 'Ann', null, null, now())")],
    metrics: [noLead],
  },
  {
    title: "a lead outlives the session's rows and counts when the session comes back",
    write: [message, annsLead, "delete from conversations", message],
    metrics: [ann],
  },
];
