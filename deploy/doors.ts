/** All doors of a process: HTTP, and where the world has a network, NATS requests and streams. */
import type { Runtime, StreamSource, World } from "../runtime/mod.ts";
import { serveNats } from "../runtime/ingress/nats.ts";
import { runSource, SourceGone, type SourceStatus } from "../runtime/ingress/streams.ts";
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

/** Wait before what failed is begun again. */
const RETRY_MS = 1_000;

export async function openDoors(
  runtime: Runtime,
  world: World,
  config: EdgeConfig,
  signal: AbortSignal,
): Promise<Doors> {
  const shut = new AbortController();
  const onAbort = () => shut.abort();
  signal.addEventListener("abort", onAbort, { once: true });
  const { connected } = world.network;
  const declared = connected ? runtime.topology.sources ?? [] : [];
  const statuses = declared.map(({ stream, pipeline }): SourceStatus => ({ stream, pipeline, applied: 0 }));
  const http = await openHttp(runtime, world, config, statuses, shut.signal);
  const openNats = () => connected ? serveNats(runtime, world.network, { log: world.log }) : undefined;
  const readAll = () => declared.map((source, i) => read(runtime, world, source, statuses[i], shut.signal));
  // A standby must not take requests from the owner's queue, nor read for it: that begins when it serves.
  const later = runtime.standsBy
    ? Promise.race([runtime.ready.catch(() => {}), aborted(shut.signal)]).then(async () =>
      shut.signal.aborted || runtime.standsBy ? {} : { nats: await openNats(), sources: readAll() }
    )
    : { nats: await openNats(), sources: readAll() };
  return {
    url: `http://${http.host}:${http.port}`,
    nats: connected,
    async close() {
      shut.abort();
      signal.removeEventListener("abort", onAbort);
      const { nats, sources = [] } = await later;
      await Promise.all([http.closed, nats?.close(), ...sources]);
    },
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** A place that the stream no longer keeps is told, in the log and in /readyz, and not tried again. */
function read(
  runtime: Runtime,
  world: World,
  source: StreamSource,
  status: SourceStatus,
  signal: AbortSignal,
): Promise<void> {
  const { network, clock, log } = world;
  const applied = (sequence: number) => status.applied = sequence;
  return keepOn(world, `reading ${source.stream}`, signal, async () => {
    try {
      await runSource({ runtime, source, network, clock, log, applied }, signal);
    } catch (error) {
      if (!(error instanceof SourceGone)) throw error;
      status.error = error.message;
      log.error(error.message);
      return "over";
    }
  });
}

/** Begins again what failed: positions are part of what is kept, so nothing is lost or doubled by it. */
async function keepOn(
  { clock, log }: World,
  what: string,
  signal: AbortSignal,
  work: () => Promise<"over" | void>,
): Promise<void> {
  for (let told = ""; !signal.aborted;) {
    try {
      if (await work() === "over") return;
    } catch (error) {
      // What stands in the way for long is told once.
      if (!signal.aborted && told !== String(error)) {
        log.warn(`${what} failed; it is begun again`, { error: told = String(error) });
      }
    }
    await clock.sleep(RETRY_MS, signal);
  }
}
