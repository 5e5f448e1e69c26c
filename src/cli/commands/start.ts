import { Command } from "@commander-js/extra-typings";
import { prepareDashboard } from "../../dashboard.ts";
import { writeHttpAddress } from "../../embedded/connection-file.ts";
import { embeddedHeldBy } from "../../embedded/held.ts";
import { type EmbeddedServer, startEmbedded } from "../../embedded/server.ts";
import { UserError } from "../../errors.ts";
import { type HttpSettings, loadHttpSettings } from "../../http/settings.ts";
import { startServices } from "../../services.ts";
import { onShutdown } from "../../shutdown.ts";
import { counted } from "../format.ts";
import { helpText, UNUSABLE_CODE } from "../help.ts";
import { metricsTable } from "../metrics-table.ts";
import { port } from "../options.ts";
import { createOutput, type Output } from "../output.ts";
import { reportError } from "../report-error.ts";
import { type CliSettings, readSettings } from "../settings.ts";
import { waysIn } from "../sign-in.ts";
import { fillOnce, refuseApplication } from "../start-demo.ts";
import { howToCall, howToConnect, whereItIs, whereToLook } from "../welcome.ts";
import { whatNext } from "../what-next.ts";

const HELP = helpText({
  about: `
Without DATABASE_URL it starts an embedded PostgreSQL 18 that keeps its data in .data/ (DATA_DIR), else it
uses the server that is named there. It brings the database up to date, runs a worker that counts tokens
exactly, serves the dashboard and the HTTP API, and stays in the foreground until Ctrl-C or SIGTERM, which
ends all that it started.`,
  examples: [
    ["npx conversation-metrics start", "an embedded server in this folder"],
    ["npx conversation-metrics start --demo", "the same, filled with 90 days of demo data"],
    ["DATA_DIR=/var/lib/metrics npx conversation-metrics start", "its data elsewhere"],
    ["npx conversation-metrics start --http-port 8080", "the HTTP API on this port (default: PORT, else 3000)"],
    ["DATABASE_URL=postgres://… npx conversation-metrics start", "a server of yours"],
  ],
  exitCodes: [
    [0, "ended when told to, or runs already"],
    [1, "a migration failed, or the server ended by itself"],
    UNUSABLE_CODE,
  ],
});

/** `start`: the database, ready for use, for as long as the command runs. */
export function startCommand() {
  return new Command("start")
    .description("run the database in this folder, or prepare yours, and say how to use it")
    .option("--no-worker", "run no worker: tokens stay estimates until another counts them")
    .option("--http-port <port>", "the HTTP API's port (default: PORT, else the first free one from 3000)", port)
    .option("--no-http", "serve no HTTP API and no dashboard")
    .option("--demo", "fill the database with 90 days of demo data first, once")
    .addHelpText("after", HELP)
    .action(async (options, command) => {
      const settings = readSettings(command);
      const out = createOutput(settings.quiet);
      const running = settings.databaseUrl === undefined ? await embeddedHeldBy(settings.dataDir) : undefined;
      if (running !== undefined) {
        out.print(`It runs already on ${settings.dataDir} (started by process ${running.owner}).`);
        if (options.demo) await fillOnce(running.url, settings, out);
        out.print(howToConnect(running.url, await metricsTable(running.url), settings));
        if (running.http !== undefined) out.print(whereItIs(running.http, settings));
        return;
      }
      await start(settings, out, {
        worker: options.worker,
        demo: options.demo === true,
        http: options.http ? httpSettings(options, settings) : undefined,
      });
    });
}

type What = { worker: boolean; demo: boolean; http: HttpSettings | undefined };

function httpSettings({ httpPort }: { httpPort?: number | undefined }, { databaseUrl }: CliSettings): HttpSettings {
  // A server of your own may stand behind a proxy on this machine, from which everybody seems to be here.
  const settings = loadHttpSettings(process.env, { localAccess: databaseUrl === undefined });
  return { ...settings, port: httpPort ?? settings.port };
}

async function start(settings: CliSettings, out: Output, what: What): Promise<void> {
  // First registered, last run: by then everything has ended.
  onShutdown(async () => out.print("Stopped."));
  if (settings.databaseUrl !== undefined) return serve(settings.databaseUrl, settings, out, what);
  const server = await startServer(settings, out);
  try {
    await serve(server.url, settings, out, what);
    failWhenItEnds(server);
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function serve(url: string, settings: CliSettings, out: Output, what: What): Promise<void> {
  if (what.demo) await refuseApplication(url);
  const { migrate } = await import("../../migrate.ts");
  const ran = await migrate({ databaseUrl: url, log: settings.log, onNotice: out.print });
  if (ran.length > 0) out.print(`${counted(ran.length, "migration")} ran: ${ran.join(", ")}`);
  if (what.http !== undefined) await prepareDashboard(out.note);
  if (what.demo) await fillOnce(url, settings, out);
  const table = await metricsTable(url);
  const next = await whatNext(url, settings);
  const services = await startServices({ databaseUrl: url, log: settings.log, ...what });
  onShutdown(services.stop);
  onShutdown(async () => {
    process.exitCode = process.exitCode ?? 0; // Being told to end is how this command ends.
    out.note("\nStopping …");
  });
  try {
    out.print(howToConnect(url, table, settings));
    const { call, look } = await describeHttp(url, services.httpUrl, what.http, settings);
    for (const part of [call, next, look]) if (part !== undefined) out.print(part);
  } catch (error) {
    await services.stop(); // They would keep the process alive.
    throw error;
  }
  out.print("\nReady. Ctrl-C stops it.");
}

/** How to call the HTTP API, and where to look at the dashboard, where they are served. */
async function describeHttp(
  url: string,
  httpUrl: string | undefined,
  http: HttpSettings | undefined,
  settings: CliSettings,
) {
  if (httpUrl === undefined || http === undefined) return {};
  const embedded = settings.databaseUrl === undefined;
  if (embedded) await writeHttpAddress(settings.dataDir, httpUrl);
  const ways = await waysIn(url, httpUrl, { embedded, isSeen: process.stdout.isTTY });
  return { call: howToCall(httpUrl, http, ways, settings), look: whereToLook(httpUrl, ways) };
}

async function startServer({ dataDir, databasePort }: CliSettings, out: Output): Promise<EmbeddedServer> {
  const server = await startEmbedded({ dataDir, port: databasePort, report: out.note });
  out.print(`PostgreSQL ${server.major} runs on port ${server.port}, its data is in ${dataDir}`);
  return server;
}

function failWhenItEnds(server: EmbeddedServer): void {
  let told = false;
  onShutdown(async () => {
    told = true;
  });
  void server.exited.then(() => {
    if (told) return;
    const error = new UserError("PostgreSQL ended by itself.", { hint: `Its log: ${server.logFile}` });
    process.exit(reportError(error, false));
  });
}
