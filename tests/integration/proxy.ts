/**
 * A TCP proxy that can be made bad in eight ways, while connections run through it. `heal` ends the fault; what
 * was held back then flows on, as it would from a network that came back, but for connections the fault broke.
 */
import { createConnection, createServer, type Server, type Socket } from "node:net";
import type { Seeded } from "../../actors/random.ts";

export const TCP_FAULTS = [
  /** Everything arrives late by the same time. */
  "latency",
  /** Everything arrives late, each piece by another time; order stays. */
  "jitter",
  /** Connections are reset, those under way and new ones. */
  "reset",
  /** The far side is gone and nobody says so: what is sent is swallowed, nothing comes. */
  "half-open",
  /** Pieces of a few bytes. */
  "slicing",
  /** Nothing passes in either direction, nothing is closed. */
  "partition",
  /** A thin line. */
  "bandwidth",
  /** One side closes, the other hears of it late. */
  "slow close",
] as const;

export type TcpFault = (typeof TCP_FAULTS)[number];

const LATENCY_MS = 150;
const BYTES_PER_MS = 64;
const SLICE_BYTES_MAX = 7;
const CLOSE_MS = 1_500;
/** Beyond this many bytes held back the sender is made to wait. */
const HELD_BYTES_MAX = 1 << 20;

export interface Proxy {
  readonly port: number;
  /** How often the fault had something to do: bytes held, slices, connections broken. */
  hits: number;
  begin(fault: TcpFault): void;
  heal(): void;
  close(): Promise<void>;
}

export async function startProxy(target: () => number, random: Seeded): Promise<Proxy> {
  const proxy = new FaultyProxy(target, random);
  await proxy.listen();
  return proxy;
}

class FaultyProxy implements Proxy {
  hits = 0;
  fault: TcpFault | undefined;
  readonly #lines = new Set<Line>();
  readonly #server: Server;

  constructor(private readonly target: () => number, readonly random: Seeded) {
    this.#server = createServer((client) => this.#connected(client));
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address ? address.port : 0;
  }

  listen(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(0, "127.0.0.1", () => resolve()));
  }

  begin(fault: TcpFault): void {
    this.fault = fault;
    if (fault === "reset") { for (const line of this.#lines) line.reset(); }
    if (fault === "half-open") { for (const line of this.#lines) line.forget(); }
    if (fault === "slow close") { for (const line of this.#lines) line.closeSlowly(); }
  }

  heal(): void {
    this.fault = undefined;
    for (const line of this.#lines) line.flow();
  }

  close(): Promise<void> {
    for (const line of this.#lines) line.reset();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #connected(client: Socket): void {
    if (this.fault === "reset") {
      this.hits++;
      client.resetAndDestroy();
      return;
    }
    const line = new Line(this, client, createConnection(this.target(), "127.0.0.1"));
    this.#lines.add(line);
    client.once("close", () => this.#lines.delete(line));
  }
}

/** One connection through the proxy. */
class Line {
  readonly #up: Direction;
  readonly #down: Direction;
  #closesLate = false;

  constructor(
    private readonly proxy: FaultyProxy,
    private readonly client: Socket,
    private readonly server: Socket,
  ) {
    client.setNoDelay(true);
    server.setNoDelay(true);
    this.#up = new Direction(proxy, client, server);
    this.#down = new Direction(proxy, server, client);
    for (const [from, to] of [[client, server], [server, client]]) {
      from.on("error", () => {});
      from.once("close", () => {
        if (this.#closesLate) setTimeout(() => to.destroy(), CLOSE_MS);
        else to.destroy();
      });
    }
  }

  reset(): void {
    this.proxy.hits++;
    this.client.resetAndDestroy();
    this.server.destroy();
  }

  /** The server's side goes; the client's stays open, and swallows. */
  forget(): void {
    this.proxy.hits++;
    this.#up.swallow();
    this.#down.swallow();
    this.server.removeAllListeners("close");
    this.server.destroy();
  }

  closeSlowly(): void {
    this.proxy.hits++;
    this.#closesLate = true;
    this.server.end();
    this.server.destroySoon();
  }

  flow(): void {
    this.#up.flow();
    this.#down.flow();
  }
}

/** Bytes of one direction, in order, whatever holds them back. */
class Direction {
  #held: Uint8Array[] = [];
  #bytes = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #swallows = false;

  constructor(
    private readonly proxy: FaultyProxy,
    private readonly from: Socket,
    private readonly to: Socket,
  ) {
    from.on("data", (bytes: Uint8Array) => this.#take(bytes));
    to.on("drain", () => from.resume());
  }

  swallow(): void {
    this.#swallows = true;
    this.#held = [];
  }

  flow(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const bytes of this.#held.splice(0)) this.#write(bytes);
    this.#bytes = 0;
    if (!this.from.destroyed) this.from.resume();
  }

  #take(bytes: Uint8Array): void {
    if (this.#swallows) return void this.proxy.hits++;
    const { fault } = this.proxy;
    if (this.#held.length === 0 && (fault === undefined || fault === "slow close" || fault === "half-open")) {
      return this.#write(bytes);
    }
    if (fault === "slicing" && this.#held.length === 0) return this.#slice(bytes);
    this.proxy.hits++;
    this.#held.push(bytes);
    this.#bytes += bytes.length;
    if (this.#bytes > HELD_BYTES_MAX) this.from.pause();
    this.#schedule();
  }

  #slice(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const length = this.proxy.random.int(1, SLICE_BYTES_MAX);
      this.proxy.hits++;
      this.#write(bytes.subarray(at, at + length));
      at += length;
    }
  }

  /** Lets go of what is held, as the fault does it. */
  #schedule(): void {
    if (this.#timer !== undefined || this.#held.length === 0 || this.proxy.fault === "partition") return;
    const ms = this.#delayMs();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const bytes = this.#held.shift();
      if (!bytes) return;
      this.#bytes -= bytes.length;
      this.#write(bytes);
      if (this.#bytes <= HELD_BYTES_MAX && !this.from.destroyed) this.from.resume();
      this.#schedule();
    }, ms);
  }

  #delayMs(): number {
    switch (this.proxy.fault) {
      case "latency":
        return LATENCY_MS;
      case "jitter":
        return this.proxy.random.int(0, LATENCY_MS);
      case "bandwidth":
        return Math.ceil(this.#held[0].length / BYTES_PER_MS);
      default:
        return 0;
    }
  }

  #write(bytes: Uint8Array): void {
    if (this.to.destroyed || this.to.writableEnded) return;
    if (!this.to.write(bytes)) this.from.pause();
  }
}
