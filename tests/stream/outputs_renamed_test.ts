/** Outputs keep their names over versions that declare others, or the same ones in another order. */
import { create, toBinary } from "@bufbuild/protobuf";
import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import { TallySchema } from "../../actors/tally/gen/tally_pb.ts";
import { declared } from "../../deploy/declared.ts";
import {
  bounded,
  corrections,
  count,
  type Declaration,
  fedBy,
  kernelParams,
  loadKernel,
  type Output,
  type Pipeline,
  pipeline,
  type Runtime,
  type SinkBatch,
  source,
  stands,
  start,
  type StartOptions,
  sum,
  tumbling,
} from "../../runtime/mod.ts";
import type { FieldsOf } from "../../runtime/stream/fields.ts";
import { plain } from "../support/declared.ts";
import { type Kept, kept, memoryWorld } from "../support/world.ts";

const SECOND = 1_000_000n;

/** Each event leaves as a row of every output, by which it tells its name: `n` is another number in each. */
function told(...names: readonly ("one" | "two" | "three")[]): Declaration {
  const times = { one: 1, two: 2, three: 3 };
  return pipeline(
    "told",
    { input: source(TallySchema) },
    ({ input }) =>
      names.map((name) =>
        input.map((e) => ({ key: e.key, at: e.at, amount: e.amount.mul(times[name]) })).to(name)
      ),
  );
}

function event(amount: number, second = 0): Uint8Array {
  const at = BigInt(second) * SECOND;
  return toBinary(TallySchema, create(TallySchema, { key: "a", amount: BigInt(amount), at }));
}

interface Also extends Partial<StartOptions> {
  /** What is fed by the output of this name. */
  readonly fed?: { readonly declaration: Declaration; readonly output: string };
}

async function run<T>(
  declaration: Declaration,
  memory: Kept,
  use: (runtime: Runtime, pipeline: Pipeline) => Promise<T>,
  { fed, ...options }: Also = {},
): Promise<T> {
  const { pipeline: made, wasm } = await declared(declaration);
  const behind = fed && await declared(fed.declaration);
  const topology = {
    pipelines: behind ? [made, behind.pipeline] : [made],
    feeds: behind ? [{ from: "told", to: behind.pipeline.name, output: fed.output }] : [],
  };
  const kernels = (name: string) => Promise.resolve(name === made.kernel ? wasm : behind!.wasm);
  const runtime = await start(topology, memoryWorld(memory), new AbortController().signal, {
    kernels,
    ...options,
  });
  try {
    await runtime.ready;
    return await use(runtime, made);
  } finally {
    await runtime.stop();
  }
}

const give = (amount: number) => async (runtime: Runtime) => {
  assert.equal((await runtime.submit("told", event(amount))).kind, "applied");
};

/** Name and amount of the first outputs there are. */
async function outputs(runtime: Runtime, { outputs = [] }: Pipeline, wanted: number): Promise<string[]> {
  const over = new AbortController(), found: string[] = [];
  for await (const { channel, payload } of runtime.outputs("told", "start", over.signal)) {
    const output = outputs[channel];
    found.push(output ? `${output.name} ${plain(output.message, payload).amount}` : `gone ${channel}`);
    if (found.length === wanted) break;
  }
  over.abort();
  return found;
}

describe("the outputs of a changed declaration", () => {
  it("are what they were, in whatever order they are declared now, from memory, checkpoint and ledger", async () => {
    const memory = kept();
    await run(told("one", "two", "three"), memory, give(10));
    const wanted = ["one 10", "two 20", "gone 2", "two 40", "one 20"];
    await run(told("two", "one"), memory, async (runtime, made) => {
      await give(20)(runtime);
      assert.deepEqual(await outputs(runtime, made, 5), wanted);
    });
    await run(told("two", "one"), memory, async (runtime, made) => {
      assert.deepEqual(await outputs(runtime, made, 5), wanted);
    });
    memory.blobs.clear();
    await run(told("three", "two"), memory, async (runtime, made) => {
      assert.deepEqual(await outputs(runtime, made, 5), ["gone 2", "two 20", "three 30", "two 40", "gone 2"]);
    });
  });

  it("reach a sink and a feed that lag behind the change by their names", async () => {
    const memory = kept(), taken: Output[] = [], after = told("two", "one");
    const sink = {
      name: "memory",
      bounds: { outputsMax: 10, bytesMax: 100_000, lingerMs: 0 },
      keepsEmpty: true,
      position: () => Promise.resolve(undefined),
      commit: (batch: SinkBatch) => Promise.resolve(void taken.push(...batch.outputs)),
      close: () => Promise.resolve(),
    };
    const fed = pipeline("fed", {
      input: fedBy(after as Declaration<FieldsOf<typeof TallySchema>>, "one", { eventTime: (row) => row.at }),
    })
      .key((row) => row.key).aggregate({ total: sum((row) => row.amount) }).to("totals");
    const totals: bigint[] = [];
    await run(told("one", "two"), memory, give(10));
    await run(after, memory, async (runtime) => {
      await give(20)(runtime);
      const { message } = runtime.topology.pipelines[1].outputs![0], over = new AbortController();
      for await (const { payload } of runtime.outputs("fed", "start", over.signal)) {
        if (totals.push(plain(message, payload).total as bigint) === 3) break;
      }
      over.abort();
      while (taken.length < 2) await soon();
    }, {
      fed: { declaration: fed, output: "one" },
      sinks: [{ name: "test", pipeline: "told", channel: 0, open: () => Promise.resolve(sink) }],
    });
    assert.deepEqual(totals, [10n, 10n, 30n], "the first is taken back before the last");
    const { pipeline: made } = await declared(after);
    assert.deepEqual(taken.map(({ payload }) => plain(made.outputs![0].message, payload).amount), [20n, 40n]);
  });

  it("are corrected under their names where the state is rebuilt, and what is declared no more is let be", async () => {
    const memory = kept();
    const windows = (viewAlone: boolean) =>
      pipeline("told", {
        input: source(TallySchema, { eventTime: (e) => e.at, watermark: bounded("0s") }),
      }, ({ input }) => {
        const sums = input.key((e) => e.key).window(tumbling("10s")).aggregate({
          n: count(),
          total: sum((e) => e.amount),
        });
        // The place of the view is another where the output before it is not declared.
        const before = viewAlone ? [] : [sums.to("sums", { corrected: true })];
        return [...before, sums.view("windows", undefined, { ttl: "1d" })];
      });
    const found = async (declaration: Declaration, runtime: Runtime, made: Pipeline) => {
      const { pipeline: patient, wasm } = await declared(declaration, { patient: true });
      const module = await loadKernel(patient.kernel, wasm, kernelParams(patient));
      const chain = await memoryWorld(memory).ledger.open("told-0");
      const { watermark } = runtime.status().partitions[0];
      const names = made.outputs!.map(({ name }) => name);
      return await corrections(chain, module, watermark!, new AbortController().signal, stands(made), names);
    };
    const total = async (runtime: Runtime, { views }: Pipeline) => {
      const { rows } = await runtime.view("told", "windows", {});
      return rows.map(({ payload }) => plain(views![0].message, payload).total);
    };
    const first = windows(false), second = windows(true);
    await run(first, memory, async (runtime, made) => {
      for (const each of [event(1, 5), event(2, 15), event(4, 3)]) await runtime.submit("told", each);
      const rows = await found(first, runtime, made);
      assert.deepEqual(rows.map(({ channel, retracted }) => `${channel} ${retracted}`).sort(), [
        "0 false",
        "0 true",
        "1 false",
        "1 true",
      ]);
      await runtime.correct("told", 0, rows);
      assert.deepEqual(await total(runtime, made), [5n]);
    });
    memory.blobs.clear();
    await run(second, memory, async (runtime, made) => {
      assert.deepEqual(await total(runtime, made), [5n]);
      assert.deepEqual(await found(second, runtime, made), []);
    });
  });
});

function soon(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 2));
}
