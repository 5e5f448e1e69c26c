import { createProgram } from "./program.ts";
import { reportError } from "./report-error.ts";

// A reader that has seen enough (| head) is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});

const program = createProgram();
try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = reportError(error, program.opts().debug === true);
}
