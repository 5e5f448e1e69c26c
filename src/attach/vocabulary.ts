import { literal } from "./statement.ts";
import { isNumeric, type TableColumn } from "./table.ts";

// As they are compared: small letters alone.
const USER =
  "user human customer visitor contact client guest person enduser incoming inbound in usermessage question prompt lead".split(
    " ",
  );
const ASSISTANT =
  "assistant ai bot machine model chatbot agent outgoing outbound out apimessage assistantmessage botmessage aimessage answer".split(
    " ",
  );
const UP = "up like liked thumbsup positive good upvote yes true helpful".split(" ");
const DOWN = "down dislike disliked thumbsdown negative bad downvote no false unhelpful".split(" ");

/** A name or a word with nothing but its letters and digits, small. */
export const plain = (text: string): string => text.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, "");

/** An expression, and what a person should know about it. */
export type Guess = { sql: string; note?: string };

/** Who speaks, by a column's few values: what is not known is nobody's message, while NULL would be the user's. */
export function roleOf(column: TableColumn, of: string): Guess {
  const name = plain(column.name);
  if (column.type === "boolean") {
    const byUser = /user|human|customer|me$|incoming|inbound/.test(name);
    return { sql: `case when ${of} then ${byUser ? "'user' else 'assistant'" : "'assistant' else 'user'"} end` };
  }
  if (isNumeric(column)) {
    return {
      sql: `case ${of} when 0 then 'user' when 1 then 'assistant' else 'other' end`,
      note: `CHECK what the numbers mean; there are: ${column.values.join(", ") || "none yet"}`,
    };
  }
  const users = column.values.filter((value) => USER.includes(plain(value)));
  const assistants = column.values.filter((value) => ASSISTANT.includes(plain(value)));
  const others = column.values.filter((value) => !users.includes(value) && !assistants.includes(value));
  const when = (values: string[], role: string) =>
    values.map((value) => ` when ${literal(value)} then '${role}'`).join("");
  const known =
    when(users.length > 0 ? users : ["user"], "user") +
    when(assistants.length > 0 ? assistants : ["assistant"], "assistant");
  const note = others.length > 0 ? `of nobody, so no messages: ${others.join(", ")}` : undefined;
  return { sql: `case ${of}${known} else 'other' end`, ...(note === undefined ? {} : { note }) };
}

/** A rating from 1 to 5: thumbs are 5 and 1; 1, 0, -1 are 5, 3, 1; 1 to 10 is spread evenly. */
export function ratingOf(column: TableColumn, of: string): Guess {
  if (column.type === "boolean") return { sql: `case when ${of} then 5 when not ${of} then 1 end` };
  if (!isNumeric(column)) {
    const when = (words: string[], stars: number) =>
      column.values
        .filter((value) => words.includes(plain(value)))
        .map((value) => ` when ${literal(value)} then ${stars}`)
        .join("");
    const known = when(UP, 5) + when(DOWN, 1);
    return known === ""
      ? { sql: "null::integer", note: `CHECK: which value of ${column.name} is which rating?` }
      : { sql: `case ${of}${known} end` };
  }
  const values = column.values.map(Number);
  if (values.includes(-1)) return { sql: `3 + 2 * ${of}`, note: "1, 0 and -1 are 5, 3 and 1" };
  if (values.includes(0) && (column.largest ?? 0) <= 1) return { sql: `1 + 4 * ${of}`, note: "1 and 0 are 5 and 1" };
  if ((column.largest ?? 0) > 5) return { sql: `1 + (${of} - 1) * 4 / 9.0`, note: "1 to 10 is spread over 1 to 5" };
  return { sql: of };
}

/** A time, of whatever it is kept as. */
export function timeOf(column: TableColumn, of: string): Guess {
  if (column.type === "timestamp without time zone") return { sql: of, note: "without a zone: taken as UTC" };
  if (/^(text|character)/.test(column.type))
    return { sql: `${of}::timestamptz`, note: "a text: one that is no time makes its row fail" };
  if (!isNumeric(column)) return { sql: of };
  const largest = column.largest ?? 0;
  const [divisor, unit] =
    largest > 1e17
      ? ["1e9", "nanoseconds"]
      : largest > 1e14
        ? ["1e6", "microseconds"]
        : largest > 1e11
          ? ["1e3", "milliseconds"]
          : [null, "seconds"];
  return { sql: `to_timestamp(${of}${divisor === null ? "" : ` / ${divisor}`})`, note: `${unit} since 1970` };
}

/** A text, also out of json. */
export function textOf(column: TableColumn, of: string): Guess {
  if (column.type !== "json" && column.type !== "jsonb") return { sql: of };
  const key = ["text", "content", "message", "body"].find((name) => column.keys.includes(name));
  if (key !== undefined) return { sql: `${of} ->> '${key}'` };
  const there = column.keys.length > 0 ? `its keys: ${column.keys.join(", ")}` : "no objects in it yet";
  return { sql: `${of} #>> '{}'`, note: `CHECK where in the json the text is; ${there}` };
}
