/** The HTTP door of a process: the edge of the runtime on a real socket. */
import { type HttpServer, serveHttp } from "../runtime/adapters/http_server.ts";
import { httpApp } from "../runtime/ingress/http.ts";
import type { RateLimit } from "../runtime/ingress/rate_limit.ts";
import type { SourceStatus } from "../runtime/ingress/streams.ts";
import type { Runtime, World } from "../runtime/mod.ts";
import type { EdgeConfig } from "./config.ts";
import { statusPage } from "./page.ts";

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
    page: statusPage(),
    ...(config.rateLimit > 0 ? { rate: rateOf(config) } : {}),
  });
  return serveHttp((request, peer) => app.fetch(request, peer), {
    direct: app.direct,
    host: config.httpHost,
    port: config.httpPort,
    signal,
  });
}

function rateOf({ rateLimit, rateBurst, rateHeader }: EdgeConfig): RateLimit {
  return { perSecond: rateLimit, burst: rateBurst || undefined, header: rateHeader || undefined };
}
