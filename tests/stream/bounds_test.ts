import { create, toBinary } from "@bufbuild/protobuf";
import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import { TallySchema } from "../../actors/tally/gen/tally_pb.ts";
import { declared } from "../../deploy/declared.ts";
import {
  bounded,
  compile,
  count,
  EFFECT_KIND,
  EffectCursor,
  kernelParams,
  loadKernel,
  pipeline,
  source,
  sum,
  tumbling,
} from "../../runtime/mod.ts";
import { EVENT_KIND } from "../../runtime/partition/records.ts";
import { encodeEvent } from "../../runtime/partition/mailbox.ts";
import { encodeOf, openDeclared } from "../support/declared.ts";

const CLOCK = 1_900_000_000_000_000;
const FRAME_BYTES = 256 * 1024;
const KEYS = 200_000;

function event(key: string, at: bigint): Uint8Array {
  return toBinary(TallySchema, create(TallySchema, { key, amount: 1n, at }));
}

const sums = pipeline("wide", {
  input: source(TallySchema, { eventTime: (e) => e.at, watermark: bounded("1s") }),
})
  .key((e) => e.key).window(tumbling("1m")).aggregate({ n: count(), total: sum((e) => e.amount) }).to("sums");

describe("a window of many keys that ends", () => {
  it("is told over many frames, each key once, none over the limit, while events still come in; and leaves nothing", async () => {
    const { pipeline, wasm } = await declared(sums);
    const kernel = (await loadKernel(pipeline.kernel, wasm, kernelParams(pipeline))).instantiate();
    const empty = kernel.stateBytes;
    let frames = 0, timer = Infinity;
    const told = new Set<string>();
    const apply = (records: readonly Uint8Array[]) => {
      const bytes = new Uint8Array(records.reduce((sum, { length }) => sum + length, 0));
      let end = 0;
      for (const record of records) bytes.set(record, end), end += record.length;
      for (let at = 0; at < bytes.length;) {
        const applied = kernel.apply(CLOCK, ++frames, bytes.subarray(at), FRAME_BYTES);
        assert.ok(applied.effects.length <= FRAME_BYTES + 128, `${applied.effects.length} bytes of effects`);
        at += applied.consumedBytes;
        timer = applied.nextTimer;
        const cursor = new EffectCursor(applied.effects);
        while (cursor.next()) {
          if (cursor.kind !== EFFECT_KIND.OUTPUT) continue;
          const key = new TextDecoder().decode(cursor.key);
          assert.ok(!told.has(key), `${key} is told twice`);
          told.add(key);
        }
      }
    };
    for (let key = 0; key < KEYS; key += 2000) {
      apply(Array.from({ length: 2000 }, (_, i) => encodeEvent(event(`key-${key + i}`, 30_000_000n), {})));
    }
    assert.equal(kernel.keys, KEYS);
    // One event moves the watermark past the window's end; others come while it is being told.
    apply([encodeEvent(event("late-riser", 62_000_000n), {})]);
    let rounds = 0;
    while (timer <= CLOCK) {
      apply([
        encodeEvent(new Uint8Array(0), { kind: EVENT_KIND.TIMER }),
        encodeEvent(event("other", 62_000_000n), {}),
      ]);
      rounds++;
    }
    assert.ok(rounds > 100, `${rounds} rounds`);
    assert.equal(told.size, KEYS);
    // A key's place is kept for one window more; then all of them are given back.
    apply([encodeEvent(event("last", 200_000_000n), {})]);
    while (timer <= CLOCK) apply([encodeEvent(new Uint8Array(0), { kind: EVENT_KIND.TIMER })]);
    assert.equal(kernel.keys, 1);
    assert.ok(kernel.stateBytes - empty < 40_000_000, `${kernel.stateBytes - empty} bytes`);
  });
});

describe("a source that falls silent", () => {
  const declaration = pipeline("silent", {
    a: source(TallySchema, { eventTime: (e) => e.at, watermark: bounded("1s") }),
    b: source(TallySchema, { eventTime: (e) => e.at, watermark: bounded("1s") }),
  }, ({ a, b }) => {
    const rows = (of: typeof a) => of.map((e) => ({ key: e.key, amount: e.amount }));
    return [
      rows(a).union(rows(b)).key((e) => e.key).window(tumbling("10s")).aggregate({ n: count() }).to("counts"),
    ];
  });
  const { input } = compile(declaration).pipeline;
  const passing = pipeline("passing", {
    a: source(TallySchema, { eventTime: (e) => e.at, watermark: bounded("1s") }),
    b: source(TallySchema, { eventTime: (e) => e.at, watermark: bounded("1s") }),
  }, ({ a, b }) => [a.to("a"), b.to("b")]);
  const of = (source: "a" | "b", second: number) =>
    encodeOf(input, source, { key: "k", amount: 1, at: second * 1_000_000 });

  it("holds windows back until it is said to be idle, and again once it speaks", async () => {
    const run = await openDeclared(declaration);
    run.apply([of("a", 1), of("b", 2), of("a", 60)]);
    assert.deepEqual(run.standing("counts"), []);
    run.idle(1);
    assert.deepEqual(run.standing("counts").map(({ n }) => n), [2n]);
    assert.equal(run.watermark, 59_000_000n);
    run.apply([of("b", 61), of("a", 90)]);
    assert.equal(run.watermark, 60_000_000n);
  });

  it("is as far as the one furthest on where all are silent, whichever fell silent first, also after a restart", async () => {
    for (const order of [[0, 1], [1, 0]]) {
      const run = await openDeclared(declaration);
      run.apply([of("a", 50), of("b", 100)]);
      for (const input of order) {
        run.idle(input);
        run.restart();
      }
      // A window is open: whoever follows waits for it, and is not told that there is nothing to wait for.
      assert.deepEqual([run.watermark, run.allIdle], [99_000_000n, false]);
    }
  });

  it("says to whoever follows that there is nothing to wait for, where nothing is open, and when that ends", async () => {
    const run = await openDeclared(passing);
    run.apply([of("a", 50), of("b", 100)]);
    run.idle(1);
    assert.deepEqual([run.watermark, run.allIdle], [49_000_000n, false]);
    run.idle(0);
    run.restart();
    assert.deepEqual([run.watermark, run.allIdle], [99_000_000n, true]);
    // One speaks: there is something to wait for again, though time stands still.
    run.apply([of("a", 98)]);
    assert.deepEqual([run.watermark, run.allIdle], [99_000_000n, false]);
  });

  it("does not let one that has ended end the others, which may speak again", async () => {
    const run = await openDeclared(declaration);
    run.apply([of("a", 50), of("b", 100)]);
    run.mark(2n ** 63n - 1n, 1);
    assert.equal(run.watermark, 49_000_000n);
    run.idle(0);
    assert.equal(run.watermark, 49_000_000n);
    run.apply([of("a", 60)]);
    assert.equal(run.watermark, 59_000_000n);
    run.end();
    assert.equal(run.watermark, 2n ** 63n - 1n);
  });

  it("is not idle by a mark that an event has crossed on the way", async () => {
    const run = await openDeclared(declaration);
    run.apply([of("a", 50), of("b", 1)]);
    const [, { seen }] = run.inputs();
    run.apply([of("b", 2)]);
    run.idle(1, seen);
    assert.deepEqual(run.inputs().map(({ idle }) => idle), [false, false]);
    run.idle(1, run.inputs()[1].seen);
    assert.deepEqual(run.inputs().map(({ idle }) => idle), [false, true]);
    assert.equal(run.watermark, 49_000_000n);
  });
});
