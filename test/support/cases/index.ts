import { counting } from "./counting.ts";
import { feedback } from "./feedback.ts";
import { leads } from "./leads.ts";
import { responses } from "./responses.ts";
import { sessions } from "./sessions.ts";
import { times } from "./times.ts";
import { tokens } from "./tokens.ts";

export type { Case } from "./case.ts";

/** Every rule of meaning, by what it is about. Expected values are worked out by hand. */
export const cases = { counting, tokens, times, responses, sessions, leads, feedback };
