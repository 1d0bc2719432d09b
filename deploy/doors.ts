/** All doors of a process: HTTP, and where the world has a network, NATS requests and streams. */
import type { Runtime, StreamSource, World } from "../runtime/mod.ts";
import { serveNats } from "../runtime/ingress/nats.ts";
import { runSource } from "../runtime/ingress/streams.ts";
import type { EdgeConfig } from "./config.ts";
import { openHttp } from "./http.ts";

export interface Doors {
  /** http://host:port */
  readonly url: string;
  /** Whether decisions are also answered over NATS. */
  readonly nats: boolean;
  /** Lets requests under way finish, then closes. */
  close(): Promise<void>;
}

/** Wait before a stream whose reading failed is read again. */
const SOURCE_RETRY_MS = 1_000;

export async function openDoors(
  runtime: Runtime,
  world: World,
  config: EdgeConfig,
  signal: AbortSignal,
): Promise<Doors> {
  const shut = new AbortController();
  const onAbort = () => shut.abort();
  signal.addEventListener("abort", onAbort, { once: true });
  const http = await openHttp(runtime, world, config, shut.signal);
  const { connected } = world.network;
  const nats = connected ? await serveNats(runtime, world.network, { log: world.log }) : undefined;
  const sources = (connected ? runtime.topology.sources ?? [] : [])
    .map((source) => keepReading(runtime, world, source, shut.signal));
  return {
    url: `http://${http.host}:${http.port}`,
    nats: connected,
    async close() {
      shut.abort();
      signal.removeEventListener("abort", onAbort);
      await Promise.all([http.closed, nats?.close(), ...sources]);
    },
  };
}

/** Reading again from an earlier place loses and doubles nothing: positions are part of the state. */
async function keepReading(
  runtime: Runtime,
  world: World,
  source: StreamSource,
  signal: AbortSignal,
): Promise<void> {
  const { network, clock, log } = world;
  while (!signal.aborted) {
    try {
      await runSource({ runtime, source, network, clock, log }, signal);
    } catch (error) {
      if (!signal.aborted) log.warn(`Reading ${source.stream} failed; it is tried again`, { error });
    }
    await clock.sleep(SOURCE_RETRY_MS, signal);
  }
}
