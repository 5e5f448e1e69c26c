import { answers } from "./answers.ts";
import { extras } from "./extras.ts";
import { rows } from "./rows.ts";
import { whole } from "./whole.ts";

/** Every meeting of two writers, by what they meet in. */
export const scenarios = [...whole, ...rows, ...answers, ...extras];
