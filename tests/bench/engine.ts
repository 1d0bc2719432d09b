/** A running fraud pipeline on a real ledger, and events pushed through it as fast as it admits them. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fraud } from "../../actors/payments/payments.ts";
import { readKernel } from "../../deploy/kernels.ts";
import { openWorld } from "../../deploy/world.ts";
import { type Outcome, type Runtime, start, type StartOptions } from "../../runtime/mod.ts";
import { startNats } from "../support/nats.ts";

export interface Place {
  readonly config: Parameters<typeof openWorld>[0];
  remove(): Promise<void>;
}

export async function place(ledger: "sqlite" | "jetstream"): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), "millrace-bench-"));
  const server = ledger === "jetstream" ? await startNats() : undefined;
  return {
    config: {
      data: folder,
      ledger,
      natsUrl: server?.url ?? "",
      natsCredentials: "",
      natsSync: "default",
      prefix: "bench",
      durability: "process",
      logLevel: "error",
    },
    async remove() {
      await server?.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export interface Engine {
  readonly runtime: Runtime;
  stop(): Promise<void>;
}

export async function engine({ config }: Place, options: Partial<StartOptions> = {}): Promise<Engine> {
  const world = await openWorld(config);
  const abort = new AbortController();
  const runtime = await start({ pipelines: [fraud] }, world, abort.signal, {
    kernels: readKernel,
    ...options,
  });
  await runtime.ready;
  return {
    runtime,
    async stop() {
      await runtime.stop();
      await world.close();
    },
  };
}

/** Offers `events` events and resolves, with the seconds it took, when the last one's outcome is released. */
export function push(runtime: Runtime, next: () => Uint8Array, events: number): Promise<number> {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    let sent = 0, settled = 0;
    const done = (outcome: Outcome) => {
      if (outcome.kind !== "decided") return reject(new Error(`an event was ${outcome.kind}`));
      if (++settled === events) resolve((performance.now() - began) / 1000);
    };
    let waiting: Uint8Array | undefined;
    const go = () => {
      while (sent < events) {
        const event = waiting ?? next();
        if (runtime.offer("fraud", event, {}, done) !== "admitted") {
          waiting = event;
          setImmediate(go);
          return;
        }
        waiting = undefined;
        sent++;
      }
    };
    go();
  });
}
