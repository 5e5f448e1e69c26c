import { enableCompileCache } from "node:module";

// Before the imports that it makes faster, so those come later: a command starts in half the time.
enableCompileCache();
const { createProgram } = await import("./program.ts");
const { reportError } = await import("./report-error.ts");

// A reader that has seen enough (| head) is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});

const program = createProgram();
const isDebug = () => program.opts().debug === true;
// What nobody waits for (an error on a socket, say) is told like any other.
process.on("uncaughtException", (error) => process.exit(reportError(error, isDebug())));
try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = reportError(error, isDebug());
}
