import { AnswerError } from "../chat/answerer.ts";
import { errorCode } from "../errors.ts";
import { OUTCOME_UNKNOWN } from "./outcome.ts";
import { Problem } from "./problem.ts";

// Of the database: the way to it, its resources, its shutting down.
const UNAVAILABLE = /^(E[A-Z]+|CONNECT_TIMEOUT|CONNECTION_[A-Z]+|08...|28...|3D000|53...|57P0[1-5])$/;
// Values that the table's own types refuse: not a number, out of range, too long, not in this encoding.
const REFUSED = new Set(["22P02", "22003", "22001", "22007", "22008", "22021", "22023", "22P05", "54000"]);

const RETRY_AFTER = "1";

/** What a client is told of an error. Nothing of 500 and above shows the error's own text. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof AnswerError) return ofAnswer(error);
  return (
    ofRequest(error) ??
    ofDatabase(error) ??
    new Problem(500, "internal", "Something went wrong here.", { cause: error })
  );
}

function ofAnswer(error: AnswerError): Problem {
  return error.kind === "late"
    ? new Problem(504, "answer_late", "The service that answers took too long. Try again.", { cause: error })
    : new Problem(502, "answer_failed", "The service that answers failed. Try again.", { cause: error });
}

// What Express and its body parser throw.
function ofRequest(error: unknown): Problem | undefined {
  if (!(error instanceof Error) || !("status" in error) || typeof error.status !== "number") return undefined;
  const { status } = error;
  if (status === 413) return new Problem(413, "too_large", "The request is too large.", { cause: error });
  if (status === 415) return new Problem(415, "unsupported_media", "Send JSON in UTF-8.", { cause: error });
  if (status >= 400 && status < 500) {
    return new Problem(400, "malformed_request", "The request cannot be read: is it valid JSON?", { cause: error });
  }
  return undefined;
}

function ofDatabase(error: unknown): Problem | undefined {
  const code = errorCode(error);
  if (code === undefined) return undefined;
  if (REFUSED.has(code)) {
    return new Problem(400, "refused_value", "The database's tables cannot hold one of the values.", { cause: error });
  }
  if (code === "57014") return unavailable("too_slow", "It took too long. Ask for less.", error);
  if (code === "40001" || code === "40P01" || code === "55P03") {
    return unavailable("busy", "Another change was in the way. Try again.", error);
  }
  if (code === OUTCOME_UNKNOWN) {
    const detail = "The database went away at the commit: it may be stored, or not. Look before you send it again.";
    return new Problem(503, "outcome_unknown", detail, { headers: { "retry-after": RETRY_AFTER }, cause: error });
  }
  return UNAVAILABLE.test(code) ? unavailable("unavailable", "The database is not available.", error) : undefined;
}

function unavailable(code: string, detail: string, cause: unknown): Problem {
  return new Problem(503, code, detail, { headers: { "retry-after": RETRY_AFTER }, cause });
}
