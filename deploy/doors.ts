/** All doors of a process: HTTP, and NATS where the world has a network. */
import type { Runtime, World } from "../runtime/mod.ts";
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
  return {
    url: `http://${http.host}:${http.port}`,
    nats: false,
    async close() {
      shut.abort();
      signal.removeEventListener("abort", onAbort);
      await http.closed;
    },
  };
}
