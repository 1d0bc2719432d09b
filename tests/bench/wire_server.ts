/**
 * The engine behind its edges, in a process of its own: what the wire benchmark asks. Takes configuration
 * flags as `millrace start` does; prints {"port":…} when it serves and ends when its standard input does.
 */
import process from "node:process";
import { fraud } from "../../actors/payments/payments.ts";
import { ECHO_SUBJECT, startConfig } from "./wire_config.ts";
import { readKernel } from "../../deploy/kernels.ts";
import { openWorld } from "../../deploy/world.ts";
import { serveHttp } from "../../runtime/adapters/http_server.ts";
import { httpApp } from "../../runtime/ingress/http.ts";
import { serveNats } from "../../runtime/ingress/nats.ts";
import { start } from "../../runtime/mod.ts";

const config = startConfig(JSON.parse(process.argv[2] ?? "{}"));
const world = await openWorld(config);
const over = new AbortController();
const runtime = await start({ pipelines: [fraud] }, world, over.signal, { kernels: readKernel });
await runtime.ready;
const app = httpApp(runtime, world);
const shut = new AbortController();
const http = await serveHttp(app.fetch, {
  direct: app.direct,
  host: "127.0.0.1",
  port: 0,
  signal: shut.signal,
  limits: { drainMs: 100 },
});
const nats = world.network.connected ? await serveNats(runtime, world.network, world) : undefined;
const echo = nats &&
  await world.network.serve(ECHO_SUBJECT, "bench", (request) => request.respond(request.payload));
console.log(JSON.stringify({ port: http.port }));
process.stdin.resume();
await new Promise<void>((resolve) => process.stdin.once("end", resolve));
shut.abort();
await nats?.close();
await echo?.close();
await runtime.stop();
await world.close();
process.exit(0);
