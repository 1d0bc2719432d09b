/** A runtime with its HTTP door, as a process of its own, to be killed. Prints {"port":…} once it serves. */
import process from "node:process";
import { readKernel } from "../../deploy/kernels.ts";
import { openWorld } from "../../deploy/world.ts";
import { serveHttp } from "../../runtime/adapters/http_server.ts";
import { httpApp } from "../../runtime/ingress/http.ts";
import { start } from "../../runtime/mod.ts";
import { TOPOLOGY } from "./system.ts";

const world = await openWorld(JSON.parse(process.argv[2]));
const { signal } = new AbortController();
const runtime = await start(TOPOLOGY, world, signal, { kernels: readKernel, checkpointEvents: 1_000 });
await runtime.ready;
const app = httpApp(runtime, world);
const server = await serveHttp((request) => app.fetch(request), {
  host: "127.0.0.1",
  port: 0,
  direct: app.direct,
  signal,
});
console.log(JSON.stringify({ port: server.port }));
