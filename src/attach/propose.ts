import type { Sql } from "../database.ts";
import { identifier } from "./statement.ts";
import { readTable, type Table, type TableColumn } from "./table.ts";
import { type Guess, plain, ratingOf, roleOf, textOf, timeOf } from "./vocabulary.ts";

// The names that a column has in the schemas of chat applications, the surest first.
const NAMES = {
  session:
    "sessionid conversationid chatid threadid roomid channelid dialogid ticketid conversation chat thread session room channel",
  organization:
    "organizationid orgid tenantid accountid workspaceid teamid companyid organization tenant account workspace",
  widget: "widgetid inboxid botid assistantid chatbotid appid flowid chatflowid",
  user: "userid contactid customerid visitorid enduserid fromenduserid personid senderid authorid contact person visitor customer",
  role: "role sender sendertype authortype messagetype direction author type isbot isai fromme isuser fromuser",
  question: "query question prompt userinput usermessage input request",
  answer: "answer response reply completion botresponse aimessage output assistantmessage",
  text: "content message text body output msg words",
  created:
    "createdat created timestamp createddate sentat sent createtime creationdate askedat postedat writtenat receivedat insertedat time date at",
  responded: "respondedat answeredat completedat finishedat",
  latency: "providerresponselatency latency latencyseconds responsetime latencyms responsems durationms",
  model: "model modelid modelname llm",
  promptTokens: "prompttokens inputtokens messagetokens tokensin",
  completionTokens: "completiontokens outputtokens answertokens tokensout",
  rating: "rating score stars thumbs vote isupvoted ispositive positivefeedback feedback value",
  reference: "messageid formessageid forid conversationid",
  email: "email emailaddress mail",
  name: "name fullname displayname",
  company: "company companyname",
  hidden: "isdeleted deleted ishidden hidden private isprivate streaming iserror",
  gone: "deletedat removedat",
} as const;

/** Columns of a proposed view, tables that it joins, and rows that it leaves out. */
export type Proposal = {
  columns: [name: string, guess: Guess][];
  joins: string[];
  conditions: string[];
  missing: string[];
};

/** Finds the column of a table by what it may be called. */
export function findColumn(table: Table, what: keyof typeof NAMES): TableColumn | undefined {
  for (const name of NAMES[what].split(" ")) {
    const column = table.columns.find((one) => plain(one.name) === name);
    if (column !== undefined) return column;
  }
  return undefined;
}

type Joined = { alias: string; table: Table };

/** The table's parents by foreign keys, one and two steps away, each with the join that leads to it. */
async function readParents(sql: Sql, table: Table): Promise<(Joined & { join: string; after: string })[]> {
  const found: (Joined & { join: string; after: string })[] = [];
  let level: Joined[] = [{ alias: "m", table }];
  for (let step = 0; step < 2; step += 1) {
    const next: Joined[] = [];
    for (const child of level) {
      for (const { column, table: name, key } of child.table.references) {
        const parent = await readTable(sql, name);
        if (parent === undefined || [table, ...found.map((one) => one.table)].some((one) => one.name === parent.name))
          continue;
        const alias = `p${found.length + 1}`;
        const join = `left join ${parent.name} as ${alias} on ${alias}.${identifier(key)} = ${child.alias}.${identifier(column)}`;
        found.push({ alias, table: parent, join, after: child.alias });
        next.push({ alias, table: parent });
      }
    }
    level = next;
  }
  return found;
}

/** Proposes the columns of messages, leads or feedback over a table. */
export async function propose(sql: Sql, table: Table, kind: "messages" | "leads" | "feedback"): Promise<Proposal> {
  const parents = await readParents(sql, table);
  const joined = new Set<string>();
  const proposal: Proposal = { columns: [], joins: [], conditions: [], missing: [] };
  const own = (column: TableColumn) => `m.${identifier(column.name)}`;
  const add = (name: string, guess: Guess | undefined) => {
    if (guess !== undefined) proposal.columns.push([name, guess]);
  };
  const take = (
    what: keyof typeof NAMES,
    guess: (column: TableColumn, of: string) => Guess = (_, of) => ({ sql: of }),
  ) => {
    const column = findColumn(table, what);
    return column && guess(column, own(column));
  };
  const takeAlsoFromParents = (what: keyof typeof NAMES): Guess | undefined => {
    const here = take(what);
    if (here !== undefined) return here;
    for (const { alias, table: parent } of parents) {
      const column = findColumn(parent, what);
      if (column === undefined) continue;
      joined.add(alias);
      return { sql: `${alias}.${identifier(column.name)}` };
    }
    return undefined;
  };

  add({ messages: "conversation_id", leads: "lead_id", feedback: "feedback_id" }[kind], idOf(table));
  if (kind === "feedback") add("conversation_id", take("reference"));
  const session = take("session") ?? sessionByReference(table);
  if (session === undefined && kind !== "feedback")
    proposal.missing.push("session_id: which column says what belongs together?");
  if (kind !== "feedback" || findColumn(table, "reference") === undefined) add("session_id", session);
  if (kind !== "feedback") add("organization_id", takeAlsoFromParents("organization"));
  if (kind === "messages") addMessage(table, { add, take, takeAlsoFromParents }, proposal);
  if (kind === "leads") for (const what of ["name", "email", "company"] as const) add(what, takeAlsoFromParents(what));
  if (kind === "feedback") add("rating", take("rating", ratingOf));
  if (kind !== "feedback") add("created_at", take("created", timeOf) ?? onlyTime(table));
  if (kind === "messages" && !proposal.columns.some(([name]) => name === "created_at"))
    proposal.missing.push("created_at: which column holds the time? Without it, all times stay unknown");
  const hidden = findColumn(table, "hidden");
  if (hidden?.type === "boolean") proposal.conditions.push(`${own(hidden)} is not true`);
  const gone = findColumn(table, "gone");
  if (gone !== undefined) proposal.conditions.push(`${own(gone)} is null`);

  // A parent's parent needs the parent.
  for (const parent of parents.toReversed()) if (joined.has(parent.alias)) joined.add(parent.after);
  proposal.joins = parents.filter(({ alias }) => joined.has(alias)).map(({ join }) => join);
  return proposal;
}

type Take = {
  add: (name: string, guess: Guess | undefined) => void;
  take: (what: keyof typeof NAMES, guess?: (column: TableColumn, of: string) => Guess) => Guess | undefined;
  takeAlsoFromParents: (what: keyof typeof NAMES) => Guess | undefined;
};

function addMessage(table: Table, { add, take, takeAlsoFromParents }: Take, proposal: Proposal): void {
  const [question, answer] = [take("question", textOf), take("answer", textOf)];
  const exchange = question !== undefined && answer !== undefined;
  add("widget_id", take("widget"));
  add("user_id", takeAlsoFromParents("user"));
  if (exchange) {
    add("message", question);
    add("response", answer);
    add("responded_at", respondedAt(table, take));
  } else {
    add("role", take("role", roleOf));
    const text = take("text", textOf) ?? question ?? answer;
    if (text === undefined) proposal.missing.push("message: which column holds the text?");
    add("message", text);
    if (findColumn(table, "role") === undefined)
      proposal.missing.push("role: without it, every message counts as the user's");
  }
  add("model", take("model"));
  add(
    "prompt_tokens",
    take("promptTokens", (_, of) => ({ sql: `nullif(${of}, 0)` })),
  );
  add(
    "completion_tokens",
    take("completionTokens", (_, of) => ({ sql: `nullif(${of}, 0)` })),
  );
}

function respondedAt(table: Table, take: Take["take"]): Guess | undefined {
  const known = take("responded", timeOf);
  const [latency, created] = [findColumn(table, "latency"), take("created", timeOf)];
  if (known !== undefined || latency === undefined || created === undefined) return known;
  const unit = /ms$/.test(plain(latency.name)) ? "millisecond" : "second";
  return { sql: `${created.sql} + m.${identifier(latency.name)} * interval '1 ${unit}'` };
}

/** The time of a table that has one alone, whatever it is called. */
function onlyTime(table: Table): Guess | undefined {
  const others = [findColumn(table, "responded"), findColumn(table, "gone")];
  const [one, ...more] = table.columns.filter(
    (column) =>
      /^timestamp/.test(column.type) && !others.includes(column) && !/updated|modified/.test(plain(column.name)),
  );
  return one && more.length === 0 ? timeOf(one, `m.${identifier(one.name)}`) : undefined;
}

/** The id: the primary key, of several columns their texts. */
export function idOf(table: Table): Guess {
  const columns = table.primaryKey.map((name) => `m.${identifier(name)}`);
  if (columns.length === 0) return { sql: "m.id", note: "CHECK: the table has no primary key; what is unique in it?" };
  return { sql: columns.map((column) => (columns.length > 1 ? `${column}::text` : column)).join(" || ':' || ") };
}

function sessionByReference(table: Table): Guess | undefined {
  const found = table.references.find(({ table: parent }) =>
    /conversation|chat|thread|session|room|channel|dialog|ticket/i.test(parent),
  );
  return found && { sql: `m.${identifier(found.column)}` };
}
