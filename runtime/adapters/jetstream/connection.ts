/**
 * One connection to NATS, shared by the ledger, the checkpoints and the network. The library connects,
 * authenticates and reconnects; this adds whether it is connected now, and word of each break.
 */
import { clearTimeout, setTimeout } from "node:timers";
import { jetstream, type JetStreamClient, type JetStreamManager, jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection, NodeConnectionOptions } from "@nats-io/transport-node";
import { connect } from "@nats-io/transport-node";

export interface NatsOptions {
  /** "nats://127.0.0.1:4222", or several of one cluster. */
  readonly servers: string | string[];
  /** JetStream domain, on a leaf node. */
  readonly domain?: string;
  /** Anything else the client takes: credentials, TLS, name. */
  readonly client?: Partial<NodeConnectionOptions>;
}

export interface NatsLink {
  readonly nc: NatsConnection;
  readonly js: JetStreamClient;
  readonly jsm: JetStreamManager;
  /** For messages to people. */
  readonly name: string;
  /** Whether the socket is up, as far as is known. */
  readonly connected: boolean;
  /**
   * Resolves when connected, or after ten seconds without. To be awaited before each question: asked of a
   * broken connection it would be lost, and its timeout waited for.
   */
  ready(): Promise<void>;
  /** Calls back at each break of the connection; returns the call that stops it. */
  onBreak(run: (cause: Error) => void): () => void;
  /** Asks for a sign of life, and renews a connection that gives none: half-open sockets give no error. */
  probe(): Promise<void>;
  close(): Promise<void>;
}

/** A silent connection is taken for broken after two of these: half-open sockets give no error. */
const PING_MS = 5000;
const RECONNECT_MS = 100;
/** A server that was killed in that moment, or is cut off, leaves an attempt to connect without an answer. */
const CONNECT_MS = 5_000;
/** A connection that is probed has so long to answer. */
const PROBE_MS = 1_500;
/** A question asked while a cluster elects is never answered: asking again soon is what finds the new leader. */
const API_TIMEOUT_MS = 2000;
const READY_MS_MAX = 10_000;
/** How long a question is repeated while nobody answers, and the wait between. */
const PATIENCE_MS = 10_000;
const RETRY_MS = 20;

export async function natsLink(options: NatsOptions): Promise<NatsLink> {
  const servers = typeof options.servers === "string" ? [options.servers] : options.servers;
  const name = servers.join(",");
  let nc: NatsConnection;
  try {
    nc = await connect({
      name: "millrace",
      maxReconnectAttempts: -1,
      reconnectTimeWait: RECONNECT_MS,
      reconnectJitter: RECONNECT_MS,
      timeout: CONNECT_MS,
      pingInterval: PING_MS,
      maxPingOut: 2,
      ...options.client,
      servers,
    });
  } catch (cause) {
    const error = cause as Error;
    throw new Error(
      `Cannot connect to NATS at ${name}: ${error.message}. Start a nats-server there with JetStream, or correct ` +
        `the address or the credentials.`,
      { cause: error },
    );
  }
  try {
    const wanted = { domain: options.domain, timeout: API_TIMEOUT_MS };
    // A cluster that elects leaves the first question without an answer; one without JetStream refuses it.
    const jsm = await patiently(() => jetstreamManager(nc, wanted), (message) => /timeout/i.test(message));
    return new Link(nc, jetstream(nc, wanted), jsm, name);
  } catch (cause) {
    await nc.close();
    throw new Error(
      `Cannot use JetStream at ${name}: ${(cause as Error).message}. Start nats-server with -js, or enable ` +
        `JetStream for this account.`,
      { cause },
    );
  }
}

/** What is said where nobody answered: to the library JetStream is "not enabled" while nobody listens. */
export const SILENCE = /timeout|no responders|not enabled|unavailable|leader|503/i;

/**
 * Asks again what was left without an answer: a server that restarts, or a stream that elects a leader, does not
 * answer for a while. For questions that are harmless to repeat. After a while the world is at fault.
 */
export async function patiently<T>(
  ask: () => Promise<T>,
  passes = (message: string) => SILENCE.test(message),
): Promise<T> {
  const until = performance.now() + PATIENCE_MS;
  while (true) {
    try {
      return await ask();
    } catch (error) {
      if (!passes((error as Error).message) || performance.now() >= until) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

class Link implements NatsLink {
  connected = true;
  #probing = false;
  readonly #listeners = new Set<(cause: Error) => void>();
  readonly #waiting = new Set<() => void>();

  constructor(
    readonly nc: NatsConnection,
    readonly js: JetStreamClient,
    readonly jsm: JetStreamManager,
    readonly name: string,
  ) {
    void this.#watch();
  }

  ready(): Promise<void> {
    if (this.connected || this.nc.isClosed()) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, READY_MS_MAX);
      this.#waiting.add(wake);
    });
  }

  onBreak(run: (cause: Error) => void): () => void {
    this.#listeners.add(run);
    return () => void this.#listeners.delete(run);
  }

  async probe(): Promise<void> {
    if (!this.connected || this.#probing) return;
    this.#probing = true;
    let late: ReturnType<typeof setTimeout> | undefined;
    try {
      const silence = new Promise<"silent">((resolve) =>
        late = setTimeout(() => resolve("silent"), PROBE_MS)
      );
      const answer = await Promise.race([this.nc.flush(), silence]);
      if (answer === "silent" && this.connected) await this.nc.reconnect();
    } catch {
      // The connection broke meanwhile, or was closed: whoever uses it is told.
    } finally {
      clearTimeout(late);
      this.#probing = false;
    }
  }

  async close(): Promise<void> {
    if (!this.nc.isClosed()) await this.nc.close();
  }

  async #watch(): Promise<void> {
    void this.nc.closed().then(() => {
      this.#broke();
      for (const wake of this.#waiting) wake();
    });
    for await (const status of this.nc.status()) {
      if (status.type === "reconnect") {
        this.connected = true;
        for (const wake of this.#waiting) wake();
      } else if (["disconnect", "staleConnection", "close", "forceReconnect"].includes(status.type)) {
        this.#broke();
      }
    }
  }

  #broke(): void {
    this.connected = false;
    const cause = new Error(`Cannot reach NATS at ${this.name}: the connection broke. It is being renewed.`);
    for (const run of this.#listeners) run(cause);
  }
}
