// A program that starts the embedded server and waits to be ended: `node embedded-starter.ts <dataDir>`.
import { startEmbedded } from "../../src/embedded/server.ts";
import { testMajor } from "./server.ts";

const dataDir = process.argv[2];
if (dataDir === undefined) throw new Error("Which data directory?");
const server = await startEmbedded({ dataDir, port: 0, major: testMajor, settings: { fsync: "off" } });
console.log(JSON.stringify({ url: server.url, pid: server.pid }));
