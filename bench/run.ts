import { Command } from "@commander-js/extra-typings";
import { CASES } from "./cases/index.ts";
import { createDatabases } from "./databases.ts";
import { describeMachine } from "./machine.ts";
import { printSections, writeResults } from "./report.ts";
import { FULL, QUICK } from "./scale.ts";
import { startServer } from "./server.ts";

const program = new Command("npm run bench --")
  .description("Measures what keeping the metrics costs, against the targets of the project.")
  .argument("[cases...]", "which to run; all unless told")
  .option("--quick", "small sizes: shows that everything runs, in less than a minute")
  .option("--rounds <n>", "rounds of each case", Number)
  .option("--output <file>", "where the results go; bench/RESULTS.md for a run of all cases at full size")
  .addHelpText("after", `\nCases:\n${CASES.map((one) => `  ${one.name.padEnd(12)} ${one.summary}`).join("\n")}`)
  .addHelpText("after", "\nBENCH_DATABASE_URL names a server to use (a superuser's URL) instead of the embedded one.")
  .parse();

const options = program.opts();
const names = program.args;
const unknown = names.filter((name) => !CASES.some((one) => one.name === name));
if (unknown.length > 0)
  program.error(`No such case: ${unknown.join(", ")}. There are: ${CASES.map((one) => one.name).join(", ")}.`);

const chosen = CASES.filter((one) => names.length === 0 || names.includes(one.name));
const base = options.quick ? QUICK : FULL;
const scale = { ...base, rounds: options.rounds ?? base.rounds, longRounds: options.rounds ?? base.longRounds };
const begin = performance.now();
const progress = (text: string) => {
  console.error(`[${((performance.now() - begin) / 1000).toFixed(0).padStart(4)} s] ${text}`);
};

const server = await startServer();
try {
  const machine = await describeMachine(server.admin);
  const databases = createDatabases(server, progress);
  const sections = [];
  try {
    for (const one of chosen) sections.push(...(await one.run({ server, databases, scale, progress })));
  } finally {
    await databases.dropAll();
  }
  console.log(printSections(sections));
  const isWhole = names.length === 0 && !options.quick;
  const output = options.output ?? (isWhole ? new URL("RESULTS.md", import.meta.url).pathname : undefined);
  if (output !== undefined) await writeResults(output, { machine, sections, rounds: [scale.rounds, scale.longRounds] });
} finally {
  await server.stop();
}
