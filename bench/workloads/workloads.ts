import { ANSWER, QUESTION } from "./texts.ts";
import type { Session, Workload } from "./workload.ts";

const keyOf = (session: Session) => [session.organization, session.id, session.widget, session.user];

// A session of ten rows, or turns, is a usual one.
const NEW_SESSIONS = 0.1;

/** A row holds the question and its answer, and is written when both are there. */
export const exchanges: Workload = {
  title: "exchange rows",
  newSessions: NEW_SESSIONS,
  files: ["exchange"],
  turn: async (write, session) => {
    await write("exchange", session, [...keyOf(session), QUESTION, ANSWER]);
    return 1;
  },
};

/** The same with the usage that the provider reported, so that no token is left to be counted. */
export const reportedExchanges: Workload = {
  ...exchanges,
  title: "exchange rows with reported usage",
  files: ["reported-exchange"],
  turn: async (write, session) => {
    await write("reported-exchange", session, [...keyOf(session), QUESTION, ANSWER]);
    return 1;
  },
};

/** The same, where every row is the first of its session. */
export const openings: Workload = { ...exchanges, title: "exchange rows that each open a session", newSessions: 1 };

/** A row holds one message and its role. */
export const messages: Workload = {
  title: "single messages with roles, user and assistant in turn",
  newSessions: NEW_SESSIONS,
  files: ["question", "answer"],
  turn: async (write, session) => {
    await write("question", session, [...keyOf(session), QUESTION]);
    await write("answer", session, [...keyOf(session), ANSWER]);
    return 2;
  },
};

/** A row is written with the question alone, and gets its answer when that has been streamed. */
export const streamed: Workload = {
  title: "streamed answers: INSERT of the question, UPDATE with the response",
  newSessions: NEW_SESSIONS,
  files: ["question", "fill-response"],
  turn: async (write, session) => {
    const id = await write("question", session, [...keyOf(session), QUESTION]);
    if (id === undefined) throw new Error("The INSERT returned no id.");
    await write("fill-response", session, [id, ANSWER]);
    return 2;
  },
};
