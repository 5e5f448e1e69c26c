import { ANSWER, QUESTION } from "./texts.ts";
import type { Session, Workload } from "./workload.ts";

const keyOf = (session: Session) => [session.organization, session.id, session.widget, session.user];

/** A row holds the question and its answer, and is written when both are there. */
export const exchanges: Workload = {
  title: "exchange rows",
  files: ["exchange"],
  turn: async (write, session) => {
    await write("exchange", session, [...keyOf(session), QUESTION, ANSWER]);
    return 1;
  },
};

/** A row holds one message and its role. */
export const messages: Workload = {
  title: "single messages with roles, user and assistant in turn",
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
  files: ["question", "fill-response"],
  turn: async (write, session) => {
    const id = await write("question", session, [...keyOf(session), QUESTION]);
    if (id === undefined) throw new Error("The INSERT returned no id.");
    await write("fill-response", session, [id, ANSWER]);
    return 2;
  },
};
