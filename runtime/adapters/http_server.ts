/**
 * A web-standard `fetch` on a TCP port. On node:http under both runtimes, because it cuts slow clients:
 * Deno.serve never does, and Bun.serve only by idleness, which a client that drips a byte a second evades.
 *
 * What that costs, measured on two cores with 64 connections and a Hono app that reads a small body (ratios
 * count, the load generator had the other core): Deno 2.9.6 59 k/s against 126 k/s on Deno.serve, Bun 1.4.5
 * 73 k/s against 87 k/s on Bun.serve. An app's own work is far more than the difference, so one server for
 * both with limits that hold is the better bargain.
 */
import { getRequestListener } from "@hono/node-server";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { clearTimeout, setTimeout } from "node:timers";
import type { Direct } from "../ingress/http_decide.ts";
import { takeDirectly } from "./http_direct.ts";
import { keepPlaces } from "./http_places.ts";
import { cutSilent } from "./http_silence.ts";

export interface HttpLimits {
  /** From the connection's first byte to the last of the headers. */
  readonly headersMs: number;
  /** From the first byte to the last of the body. */
  readonly requestMs: number;
  /** An idle connection between two requests. */
  readonly keepAliveMs: number;
  /** No byte either way: a client that does not read its answer, or sends nothing at all. */
  readonly idleMs: number;
  /** All headers of a request together; beyond it 431. */
  readonly headerBytes: number;
  readonly connections: number;
  /** How long requests under way may go on after the signal. */
  readonly drainMs: number;
}

export const HTTP_LIMITS: HttpLimits = {
  headersMs: 5_000,
  requestMs: 10_000,
  keepAliveMs: 30_000,
  idleMs: 60_000,
  headerBytes: 16 * 1024,
  connections: 10_000,
  drainMs: 5_000,
};

export interface HttpServeOptions {
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  readonly limits?: Partial<HttpLimits>;
  /** Takes what it can before `fetch` is asked. */
  readonly direct?: Direct;
  /** Stops taking connections, lets requests under way finish within `drainMs`, then closes. */
  readonly signal: AbortSignal;
}

export interface HttpServer {
  readonly host: string;
  readonly port: number;
  /** Settles when the last connection is closed. */
  readonly closed: Promise<void>;
}

/** Who asks. */
export interface HttpPeer {
  readonly incoming: { readonly socket: { readonly remoteAddress?: string } };
}

export async function serveHttp(
  fetch: (request: Request, peer: HttpPeer) => Response | Promise<Response>,
  { host, port, limits: given, direct, signal }: HttpServeOptions,
): Promise<HttpServer> {
  const limits = { ...HTTP_LIMITS, ...given };
  const listener = getRequestListener((request, env) => fetch(request, env as HttpPeer), { hostname: host });
  const serverOptions = {
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    // Late by at most this; the default of 30 s would make the limits above words.
    connectionsCheckingInterval: Math.max(50, Math.min(500, limits.headersMs / 4)),
    maxHeaderSize: limits.headerBytes,
    noDelay: true,
  };
  const server = createServer(serverOptions, (incoming: IncomingMessage, outgoing: ServerResponse) => {
    watch(incoming, outgoing);
    if (direct === undefined || !takeDirectly(direct, incoming, outgoing)) void listener(incoming, outgoing);
  });
  server.maxConnections = limits.connections;
  const watch = cutSilent(server, limits);
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.listen(port, host);
  await listening(server, host, port);
  keepPlaces(server);
  const closed = new Promise<void>((resolve) => server.once("close", () => resolve()));
  const stop = () => drain(server, sockets, limits.drainMs);
  if (signal.aborted) stop();
  else signal.addEventListener("abort", stop, { once: true });
  const { port: bound } = server.address() as AddressInfo;
  return { host, port: bound, closed };
}

function listening(server: Server, host: string, port: number): Promise<void> {
  if (server.listening) return Promise.resolve();
  return new Promise((resolve, reject) => {
    server.once("listening", resolve);
    server.once("error", (cause: Error & { code?: string }) => {
      const fix = cause.code === "EADDRINUSE"
        ? "Another process has that port: stop it, or choose another port (0 = any free one)."
        : "Choose another host or port.";
      reject(new Error(`Cannot serve HTTP on ${host}:${port}: ${cause.message}. ${fix}`, { cause }));
    });
  });
}

/** Idle connections close at once, busy ones when their request is answered or their time is up. */
function drain(server: Server, sockets: Set<Socket>, drainMs: number): void {
  const late = setTimeout(() => {
    for (const socket of sockets) socket.destroy();
  }, drainMs);
  server.close(() => clearTimeout(late));
  server.closeIdleConnections();
}
