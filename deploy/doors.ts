/** All doors of a process: HTTP, and where the world has a network, NATS requests and streams. */
import type { Pipeline, Runtime, World } from "../runtime/mod.ts";
import { serveNats } from "../runtime/ingress/nats.ts";
import { runSource } from "../runtime/ingress/streams.ts";
import { publishOutputs } from "../runtime/output/publish.ts";
import type { EdgeConfig } from "./config.ts";
import { openHttp } from "./http.ts";
import type { OpenedWorld, OutputStreams } from "./world.ts";

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
  world: World & Pick<OpenedWorld, "outputs">,
  config: EdgeConfig,
  signal: AbortSignal,
): Promise<Doors> {
  const shut = new AbortController();
  const onAbort = () => shut.abort();
  signal.addEventListener("abort", onAbort, { once: true });
  const http = await openHttp(runtime, world, config, shut.signal);
  const { connected } = world.network;
  const nats = connected ? await serveNats(runtime, world.network, { log: world.log }) : undefined;
  const { network, clock, log, outputs } = world;
  const sources = (connected ? runtime.topology.sources ?? [] : []).map((source) =>
    keepOn(
      world,
      `reading ${source.stream}`,
      shut.signal,
      () => runSource({ runtime, source, network, clock, log }, shut.signal),
    )
  );
  const published = (outputs ? runtime.topology.pipelines.filter(({ output }) => output) : [])
    .map((pipeline) => publish(runtime, world, outputs!, pipeline, shut.signal));
  return {
    url: `http://${http.host}:${http.port}`,
    nats: connected,
    async close() {
      shut.abort();
      signal.removeEventListener("abort", onAbort);
      await Promise.all([http.closed, nats?.close(), ...sources, ...published]);
    },
  };
}

/** The outputs of a pipeline as the stream `millrace-out-{pipeline}` of `millrace.{pipeline}.out.>`. */
function publish(
  runtime: Runtime,
  world: World,
  streams: OutputStreams,
  { name }: Pipeline,
  signal: AbortSignal,
): Promise<void> {
  const stream = `millrace-out-${name}`;
  return keepOn(world, `publishing to ${stream}`, signal, async () => {
    await streams.keep(stream, [`millrace.${name}.out.>`]);
    const lastSequence = () => streams.lastSequence(stream);
    await publishOutputs({ runtime, pipeline: name, network: world.network, stream, lastSequence }, signal);
  });
}

/** Begins again what failed: positions are part of what is kept, so nothing is lost or doubled by it. */
async function keepOn(
  { clock, log }: World,
  what: string,
  signal: AbortSignal,
  work: () => Promise<void>,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await work();
    } catch (error) {
      if (!signal.aborted) log.warn(`${what} failed; it is begun again`, { error: String(error) });
    }
    await clock.sleep(RETRY_MS, signal);
  }
}
