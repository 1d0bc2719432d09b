/** A pipeline started again with another declaration: what it says, and what it does. */
import { create, toBinary } from "@bufbuild/protobuf";
import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import { TallySchema } from "../../actors/tally/gen/tally_pb.ts";
import { declared } from "../../deploy/declared.ts";
import {
  bounded,
  count,
  type Declaration,
  pipeline,
  type Retention,
  type Runtime,
  source,
  start,
  type StartOptions,
  tumbling,
} from "../../runtime/mod.ts";
import { plain } from "../support/declared.ts";
import { type Kept, kept, memoryWorld } from "../support/world.ts";

const SECOND = 1_000_000n;

interface Choices {
  readonly size?: "10s" | "20s";
  readonly least?: number;
  readonly by?: "key" | "note";
  readonly partitions?: number;
}

function counts({ size = "10s", least = 1, by = "key", partitions = 1 }: Choices): Declaration {
  return pipeline("changed", {
    input: source(TallySchema, { eventTime: (e) => e.at, watermark: bounded("0s") }),
  }, { partitions })
    .key((e) => e[by])
    .window(tumbling(size))
    .aggregate({ n: count() })
    .having((w) => w.n.gte(least))
    .to("counts");
}

function event(second: number, key = "a", note = "x"): Uint8Array {
  return toBinary(TallySchema, create(TallySchema, { key, note, amount: 1n, at: BigInt(second) * SECOND }));
}

interface Ran {
  readonly said: readonly string[];
  readonly replayed: number;
  readonly error: string | undefined;
}

/** Starts a declaration on what others left, while `use` runs; ends at once where it is refused. */
async function run(
  declaration: Declaration,
  memory: Kept,
  use: (runtime: Runtime) => Promise<void>,
  { retention, ...options }: Partial<StartOptions> & { readonly retention?: Retention } = {},
): Promise<Ran> {
  const { pipeline: made, wasm } = await declared(declaration);
  const said: string[] = [];
  let replayed = 0;
  const log = (line: string, fields: Record<string, unknown> = {}) => {
    said.push(line);
    if (line.endsWith("serves")) replayed += Number(fields.replayedEvents);
  };
  const runtime = await start(
    { pipelines: [{ ...made, retention }] },
    { ...memoryWorld(memory), log: { info: log, warn: log, error: log } },
    new AbortController().signal,
    { kernels: () => Promise.resolve(wasm), ...options },
  );
  const failed = () => runtime.status().partitions.find(({ state }) => state === "failed");
  try {
    while (!failed() && runtime.status().state !== "serving") {
      await new Promise((next) => setTimeout(next, 5));
    }
    if (!failed()) await use(runtime);
    return { said, replayed, error: failed()?.lastError };
  } finally {
    await runtime.stop();
  }
}

const give = (...events: readonly Uint8Array[]) => async (runtime: Runtime) => {
  for (const each of events) await runtime.submit("changed", each);
};

/** Gives an event and reads results up to the `wanted`-th. */
async function told(runtime: Runtime, wanted: number): Promise<bigint[]> {
  const { message } = runtime.topology.pipelines[0].outputs![0];
  const over = new AbortController(), found: bigint[] = [];
  for await (const { payload } of runtime.outputs("changed", "start", over.signal)) {
    if (found.push(plain(message, payload).n as bigint) === wanted) break;
  }
  over.abort();
  return found;
}

describe("a pipeline that starts with another declaration", () => {
  it("goes on from its checkpoint where what changed holds no state, and says so", async () => {
    const memory = kept();
    await run(counts({}), memory, give(event(1), event(2), event(3)));
    const second = await run(counts({ least: 4 }), memory, async (runtime) => {
      await give(event(4), event(15), event(25))(runtime);
      assert.deepEqual(await told(runtime, 1), [4n]);
    });
    assert.equal(second.replayed, 0);
    const [line] = second.said.filter((each) => each.startsWith("the state of changed-0"));
    assert.match(
      line,
      /carries over from kernel [0-9a-f]{12}: what changed is \.filter, step 4: filter \(n gte 4\) /,
    );
    // And back again, from a checkpoint of its own and one of the other's.
    const third = await run(counts({}), memory, async (runtime) => {
      await give(event(35))(runtime);
      assert.deepEqual(await told(runtime, 2), [4n, 1n]);
    });
    assert.equal(third.replayed, 0);
  });

  it("is rebuilt by replay where its state would be another, and says why", async () => {
    const memory = kept();
    await run(counts({}), memory, give(event(1), event(2), event(12)));
    const second = await run(counts({ size: "20s" }), memory, async (runtime) => {
      await give(event(21))(runtime);
      assert.deepEqual(await told(runtime, 2), [2n, 3n]);
    });
    assert.equal(second.replayed, 3);
    const [line] = second.said.filter((each) => each.startsWith("the state of changed-0"));
    assert.match(line, /is rebuilt by replay, because \.aggregate, step 3: window tumbling 20s/);
  });

  it("is refused, with the choices, where its state must be rebuilt and the events for it are gone", async () => {
    const memory = kept();
    const retention = { ms: 3_600_000 };
    await run(counts({}), memory, give(...Array.from({ length: 9 }, (_, i) => event(i))), { retention });
    const chain = await memoryWorld(memory).ledger.open("changed-0");
    await chain.purge(5);
    const { error } = await run(counts({ size: "20s" }), memory, give(), { retention });
    assert.match(
      error!,
      /Cannot start "changed" as it is declared now: its state must be rebuilt by replay, because/,
    );
    assert.match(
      error!,
      /no longer retained. Start it with the declaration it had; or start this one under another/,
    );
    // What needs no replay needs no history.
    const mild = await run(counts({ least: 5 }), memory, async (runtime) => {
      await give(event(400))(runtime);
      assert.deepEqual(await told(runtime, 1), [9n]);
    }, { retention });
    assert.equal(mild.error, undefined);
  });

  it("is refused where its events lie in partitions by another key, or among another number", async () => {
    const events = Array.from({ length: 40 }, (_, i) => event(i, `k${i}`, `n${i}`));
    for (
      const [was, is, why] of [
        [
          { partitions: 3 },
          { partitions: 3, by: "note" },
          /3 partitions by key.*now asked for in 3 .* by note/,
        ],
        [{ partitions: 3 }, { partitions: 2 }, /3 partitions by key, and are now asked for in 2 partitions/],
        [{ partitions: 3 }, {}, /3 partitions by key, and are now asked for in one partition/],
        [{}, { partitions: 3 }, /one partition, and are now asked for in 3 partitions by key/],
      ] as const
    ) {
      const memory = kept();
      await run(counts(was), memory, give(...events));
      const { error } = await run(counts(is), memory, give());
      assert.match(error!, why);
      assert.match(error!, /or start it under another name, fed from the source of its events/);
      // Without a checkpoint that says so, by the events themselves.
      memory.blobs.clear();
      const { error: again } = await run(counts(is), memory, give());
      assert.match(again!, "partitions" in is ? /divided by another key|there are more/ : /there are more/);
    }
  });
});
