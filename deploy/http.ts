/** The HTTP door of a process: the edge of the runtime on a real socket. */
import { type HttpServer, serveHttp } from "../runtime/adapters/http_server.ts";
import { httpApp } from "../runtime/ingress/http.ts";
import type { SourceStatus } from "../runtime/ingress/streams.ts";
import type { Runtime, World } from "../runtime/mod.ts";
import type { EdgeConfig } from "./config.ts";

export function openHttp(
  runtime: Runtime,
  world: World,
  config: EdgeConfig,
  sources: readonly SourceStatus[],
  signal: AbortSignal,
): Promise<HttpServer> {
  const { clock, random, log } = world;
  const app = httpApp(runtime, {
    clock,
    random,
    log,
    eventBytesMax: config.bodyBytes,
    token: config.httpToken || undefined,
    sources,
  });
  return serveHttp((request) => app.fetch(request), { host: config.httpHost, port: config.httpPort, signal });
}
