/** Reading outputs from another program: the same promises over HTTP and from a stream of a real nats-server. */
import { after, before, describe, it } from "@std/testing/bdd";
import assert from "node:assert/strict";
import process from "node:process";
import { tally } from "../../actors/tally/tally.ts";
import { seeded } from "../../actors/random.ts";
import { seedOf } from "../support/seed.ts";
import { readKernel } from "../../deploy/kernels.ts";
import { serveHttp } from "../../runtime/adapters/http_server.ts";
import { natsLink } from "../../runtime/adapters/jetstream/connection.ts";
import { jetstreamNetwork } from "../../runtime/adapters/jetstream/network.ts";
import { streamSink } from "../../runtime/adapters/sinks/stream.ts";
import { systemClock } from "../../runtime/adapters/clock.ts";
import { httpApp } from "../../runtime/ingress/http.ts";
import {
  CannotConsume,
  consume,
  type Consumed,
  httpOutputs,
  type OutputSource,
  type Runtime,
  type SinkSpec,
  start,
  streamOutputs,
} from "../../runtime/mod.ts";
import { startNats } from "../support/nats.ts";
import { kept, type MemoryWorld, memoryWorld, tallyEvent } from "../support/world.ts";

const clock = systemClock();
const topology = { pipelines: [{ ...tally, partitions: 3 }] };

interface ConsumePlace {
  readonly source: OutputSource;
  readonly runtime: () => Runtime;
  /** Whether a break shows; a stream's reader mends it itself. */
  readonly tells: boolean;
  /** Breaks what is being read. */
  breakOff(): Promise<void>;
  /** Another runtime on the same ledger. */
  restart(): Promise<void>;
  /** What was to come next is removed. */
  forget(): Promise<void>;
  remove(): Promise<void>;
}

function consumeContract(what: string, make: () => Promise<ConsumePlace>): void {
  describe(`outputs consumed ${what}`, () => {
    let place: ConsumePlace;
    let produced = 0;
    before(async () => void (place = await make()));
    after(() => place?.remove());

    const produce = async (count: number) => {
      for (let i = 0; i < count; i++) {
        const outcome = await place.runtime().submit("tally", tallyEvent(`k${produced % 11}`, 1));
        assert.equal(outcome.kind, "decided");
        produced++;
      }
    };
    const take = async (count: number, from?: string): Promise<Consumed[]> => {
      const stop = new AbortController();
      const taken: Consumed[] = [];
      if (count === 0) return taken;
      const options = { source: place.source, clock, ...(from === undefined ? {} : { after: from }) };
      for await (const output of consume(options, stop.signal)) {
        taken.push({ ...output, payload: Uint8Array.from(output.payload), key: Uint8Array.from(output.key) });
        if (taken.length === count) stop.abort();
      }
      return taken;
    };

    it("come each once, in order per partition, with what they say", async () => {
      await produce(200);
      const taken = await take(200);
      checkAll(taken, 200);
      const stop = new AbortController();
      const wanted = new Map<string, Uint8Array>();
      for await (const output of place.runtime().outputs("tally", "start", stop.signal)) {
        wanted.set(nameOf(output), Uint8Array.from(output.payload));
        if (wanted.size === 200) stop.abort();
      }
      for (const output of taken) assert.deepEqual(output.payload, wanted.get(nameOf(output)));
      assert.deepEqual([...new Set(taken.map(({ key }) => new TextDecoder().decode(key)))].sort().length, 11);
    });

    it("go on behind what was had last, wherever that was", async () => {
      const seed = seedOf(process.env, 1);
      console.log(`    MILLRACE_SEED=${seed}`);
      const random = seeded(seed);
      const taken: Consumed[] = [];
      while (taken.length < 200) {
        const count = Math.min(200 - taken.length, random.int(1, 40));
        taken.push(...await take(count, taken.at(-1)?.resume));
      }
      checkAll(taken, 200);
    });

    it("come each once while connections break and the runtime is another one", async () => {
      const stop = new AbortController();
      const taken: Consumed[] = [];
      let breaks = 0;
      const consuming = (async () => {
        for await (
          const output of consume({ source: place.source, clock, onBreak: () => void breaks++ }, stop.signal)
        ) {
          taken.push({ ...output });
          if (taken.length === 500) stop.abort();
        }
      })();
      for (let round = 0; round < 6; round++) {
        await produce(50);
        if (round % 3 === 2) await place.restart();
        else await place.breakOff();
      }
      await consuming;
      checkAll(taken, 500);
      if (place.tells) assert.ok(breaks > 0, "it was broken off");
    });

    it("do not go on with a position that is none", async () => {
      await assert.rejects(
        take(1, "yesterday"),
        (error) => error instanceof CannotConsume && /Cannot go on after "yesterday"/.test(error.message),
      );
    });

    it("say so when what was to come next is gone", async () => {
      const [first] = await take(1);
      await place.forget();
      await assert.rejects(take(1, first.resume), CannotConsume);
    });
  });
}

/** Every one once, and those of a partition in their order. */
function checkAll(taken: readonly Consumed[], count: number): void {
  assert.equal(taken.length, count);
  assert.equal(new Set(taken.map(nameOf)).size, count);
  for (const partition of [0, 1, 2]) {
    const places = taken.filter(({ position }) => position.partition === partition)
      .map(({ position, output }) => position.frame * 1000 + output);
    assert.ok(places.length > 0);
    assert.deepEqual(places, [...places].sort((a, b) => a - b));
  }
}

function nameOf({ position, output }: Pick<Consumed, "position" | "output">): string {
  return `${position.partition}.${position.frame}.${output}`;
}

interface Running {
  readonly world: MemoryWorld;
  readonly runtime: Runtime;
}

async function begin(store: ReturnType<typeof kept>, sinks: SinkSpec[]): Promise<Running> {
  const world = memoryWorld(store);
  const options = { kernels: readKernel, sinks, backoff: { firstMs: 5, lastMs: 50 } };
  const runtime = await start(topology, world, new AbortController().signal, options);
  await runtime.ready;
  return { world, runtime };
}

describe("outputs consumed over HTTP", () => {
  it("are asked for anew where the connection is gone and nobody says so", async () => {
    const asked: string[] = [], breaks: string[] = [];
    const stop = new AbortController();
    const source = httpOutputs({
      url: "http://far.example",
      pipeline: "tally",
      fetch(url, { signal }) {
        asked.push(url);
        if (asked.length === 1) {
          return new Promise((_, reject) =>
            signal!.addEventListener("abort", () => reject(new Error("left")))
          );
        }
        if (asked.length === 3) stop.abort();
        // Alive twice, and then no more.
        const signs = [0, 0].map((sign) => Uint8Array.of(sign));
        const pull = (controller: ReadableStreamDefaultController<Uint8Array>) => {
          const sign = signs.shift();
          if (sign) controller.enqueue(sign);
        };
        return Promise.resolve(new Response(new ReadableStream({ pull })));
      },
    });
    const hasty = { ...clock, after: (ms: number, run: () => void) => clock.after(ms / 1_000, run) };
    const onBreak = (error: Error) => void breaks.push(error.message);
    for await (const _ of consume({ source, clock: hasty, onBreak }, stop.signal)) {
      assert.fail("there is none");
    }
    assert.equal(asked.length, 3);
    for (const told of breaks) assert.match(told, /gave no sign of life for 30 s/);
    assert.equal(breaks.length, 2);
  });
});

consumeContract("over HTTP", async () => {
  const store = kept();
  let running = await begin(store, []);
  let open = new AbortController();
  let broken = new AbortController();
  const serve = (port: number) => {
    open = new AbortController();
    const app = httpApp(running.runtime, running.world);
    const limits = { drainMs: 10 };
    return serveHttp((request, peer) => app.fetch(request, peer as unknown as Record<string, unknown>), {
      host: "127.0.0.1",
      port,
      limits,
      signal: open.signal,
    });
  };
  let server = await serve(0);
  const { port } = server;
  return {
    source: httpOutputs({
      url: `http://127.0.0.1:${port}`,
      pipeline: "tally",
      fetch: (url, init) => {
        const signal = AbortSignal.any([init.signal!, broken.signal]);
        return fetch(url, { ...init, signal });
      },
    }),
    tells: true,
    runtime: () => running.runtime,
    breakOff() {
      broken.abort();
      broken = new AbortController();
      return Promise.resolve();
    },
    async restart() {
      open.abort();
      await server.closed;
      await running.runtime.stop();
      running = await begin(store, []);
      server = await serve(port);
    },
    async forget() {
      for (const { partition, frame } of running.runtime.status().partitions) {
        const chain = await running.world.ledger.open(`tally-${partition}`);
        await chain.purge(frame - 1);
        await chain.close();
      }
    },
    async remove() {
      open.abort();
      await running.runtime.stop();
      await server.closed;
    },
  };
});

consumeContract("from a stream", async () => {
  const store = kept();
  const server = await startNats();
  const link = await natsLink({ servers: server.url });
  const reading = await natsLink({ servers: server.url });
  const open = () => streamSink({ link, pipeline: "tally", stream: "millrace-out-tally" });
  const sinks = [{ name: "stream", pipeline: "tally", open }];
  let running = await begin(store, sinks);
  return {
    source: streamOutputs({ network: jetstreamNetwork(reading), pipeline: "tally" }),
    tells: false,
    runtime: () => running.runtime,
    breakOff: () => server.restart(),
    async restart() {
      await running.runtime.stop();
      running = await begin(store, sinks);
    },
    forget: async () => void await reading.jsm.streams.purge("millrace-out-tally", { keep: 3 }),
    async remove() {
      await running.runtime.stop();
      await reading.close();
      await link.close();
      await server.close();
    },
  };
});
