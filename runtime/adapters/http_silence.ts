/**
 * Cuts connections on which nothing moves. A server's own timers for this are set anew several times in each
 * request, which costs a tenth of what a small one takes; here all connections are looked at now and then, and
 * one whose byte counts stand still for too long is cut. Bun counts no bytes: there the server's timers do it.
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { clearInterval, setInterval } from "node:timers";

export interface SilenceLimits {
  /** Between two requests. */
  readonly keepAliveMs: number;
  /** While a request is under way. */
  readonly idleMs: number;
}

interface Watched {
  bytes: number;
  /** When its bytes were first seen to be as many, milliseconds. */
  since: number;
  /** Of its newest request. */
  response: ServerResponse | undefined;
}

/** Connections are cut late by at most a quarter of the limit, and this. */
const SWEEP_MS_MAX = 1_000;
const SWEEP_MS_MIN = 50;

/** Watches the connections of a server; to be told of each request. */
export function cutSilent(
  server: Server,
  { keepAliveMs, idleMs }: SilenceLimits,
): (incoming: IncomingMessage, response: ServerResponse) => void {
  if ("Bun" in globalThis) {
    server.timeout = idleMs;
    server.keepAliveTimeout = keepAliveMs;
    return () => {};
  }
  server.timeout = 0;
  server.keepAliveTimeout = 0;
  const sockets = new Map<Socket, Watched>();
  server.on("connection", (socket: Socket) => {
    sockets.set(socket, { bytes: 0, since: performance.now(), response: undefined });
    socket.once("close", () => sockets.delete(socket));
  });
  const sweep = setInterval(() => {
    const now = performance.now();
    for (const [socket, watched] of sockets) {
      const bytes = socket.bytesRead + socket.bytesWritten;
      if (bytes !== watched.bytes) {
        watched.bytes = bytes;
        watched.since = now;
        continue;
      }
      const isBetween = watched.response === undefined || watched.response.writableFinished;
      if (now - watched.since >= (isBetween ? keepAliveMs : idleMs)) socket.destroy();
    }
  }, Math.max(SWEEP_MS_MIN, Math.min(SWEEP_MS_MAX, keepAliveMs / 4, idleMs / 4)));
  sweep.unref();
  server.once("close", () => clearInterval(sweep));
  return (incoming, response) => {
    const watched = sockets.get(incoming.socket);
    if (watched) watched.response = response;
  };
}
