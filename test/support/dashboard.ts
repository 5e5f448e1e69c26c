import type { Sql } from "../../src/database.ts";
import { writeDemo } from "../../src/demo/write.ts";
import { limits } from "./http.ts";

/** Writes 250 sessions of the demo. */
export const writeSome = (db: Sql) => writeDemo(db, { sessions: 250, seed: 1, until: new Date() });

/** A server whose limits no browser reaches. */
export const calm = { settings: { limits: limits() } };
