import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import type { EventFields } from "../../runtime/proto/gen/frame_wire.ts";
import { EffectKind } from "../../runtime/proto/gen/frame_pb.ts";
import { encodeTally } from "../../actors/tally/gen/tally_wire.ts";
import { TallyParamsSchema, TallyStateSchema } from "../../actors/tally/gen/tally_pb.ts";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { KernelTrap } from "../../runtime/kernel/host.ts";
import { Dedup } from "../models/dedup.ts";
import { Sources } from "../models/sources.ts";
import {
  applyAll,
  CLOCK,
  command,
  decisionOf,
  effectsOf,
  figuresOf,
  loadForTest,
  region,
  seeded,
} from "./kernel_under_test.ts";

const utf8 = new TextEncoder();

function tally(key: string, amount: number | bigint, note?: string): Uint8Array {
  const out = new Uint8Array(100 + (note?.length ?? 0));
  return out.slice(0, encodeTally({ key, amount, note }, out, 0));
}

describe("harness", () => {
  it("remembers ids by window and by count, and marks by source, as the naive twins do", async () => {
    const random = seeded("dedup and sources");
    const kernel = (await loadForTest("tally", { dedupeWindow: 5_000_000n, dedupeMax: 50 })).instantiate();
    const ids = new Dedup(5_000_000, 50), marks = new Sources();
    let clock = CLOCK, duplicates = 0, stale = 0;
    for (let frame = 1; frame <= 400; frame++) {
      clock += random.below(random.below(20) === 0 ? 9_000_000 : 300_000);
      const events: EventFields[] = [], expected: unknown[] = [];
      for (let i = 0; i < 1 + random.below(20); i++) {
        const id = random.below(4) ? `id-${random.below(120)}`.padEnd(3 + random.below(2) * 60, "-") : "";
        const source = random.below(2) ? `source ${random.below(4)}` : "";
        const sequence = source ? 1 + random.below(frame) : 0;
        const kind = random.below(30) === 0 ? 2 : 0;
        const payload = tally(`key ${random.below(30)}`, 1);
        events.push({ payload, id: utf8.encode(id), source: utf8.encode(source), sequence, kind });
        const old = source !== "" && marks.stale(source, sequence);
        const first = id && !old ? ids.remember(id, clock, frame, i) : undefined;
        if (old) expected.push([EffectKind.STALE, 0]);
        else if (first) expected.push([EffectKind.DUPLICATE, BigInt(first.frame), first.event]);
        else if (kind === 2) expected.push([EffectKind.REJECT, 9]);
        else expected.push([EffectKind.REPLY]);
        duplicates += first ? 1 : 0;
        stale += old ? 1 : 0;
      }
      const effects = effectsOf(kernel.apply(clock, frame, region(events), 1 << 20).effects);
      const got = events.map((_, i) => {
        const effect = effects.find((one) => one.event === i && one.kind !== EffectKind.OUTPUT)!;
        if (effect.kind === EffectKind.DUPLICATE) {
          return [effect.kind, effect.originalFrame, effect.originalEvent];
        }
        return effect.kind === EffectKind.REPLY ? [effect.kind] : [effect.kind, effect.reason];
      });
      assert.deepEqual(got, expected, `frame ${frame}`);
    }
    assert.ok(duplicates > 20 && stale > 100, `${duplicates} duplicates, ${stale} stale`);
  });

  it("answers a rejected event's repeat with its first answer", async () => {
    const kernel = (await loadForTest("tally", { dedupeWindow: 5_000_000n, dedupeMax: 50 })).instantiate();
    const event = { payload: tally("", 1), id: utf8.encode("once") };
    const effects = applyAll(kernel, [event, event], CLOCK, 7);
    assert.deepEqual(effects.map((e) => [e.kind, e.reason, e.originalFrame, e.originalEvent]), [
      [EffectKind.REJECT, 2, 0n, 0],
      [EffectKind.DUPLICATE, 0, 7n, 0],
    ]);
  });

  it("gives the same state and effects by decide as by apply", async () => {
    const module = await loadForTest("tally", { dedupeWindow: 5_000_000n, dedupeMax: 50 });
    const one = module.instantiate(), other = module.instantiate();
    const events = Array.from({ length: 50 }, (_, i) => ({
      payload: tally(`key ${i % 7}`, i),
      id: utf8.encode(`id ${i % 40}`),
    }));
    const applied = one.apply(CLOCK, 3, region(events), 1 << 20).effects.slice();
    const decided = events.map((event, i) => {
      const tagged = region([event]);
      return other.decide(CLOCK, 3, i, tagged.subarray(tagged[1] < 128 ? 2 : 3)).effects.slice();
    });
    assert.deepEqual(new Uint8Array(decided.flatMap((bytes) => [...bytes])), applied);
    assert.deepEqual(one.query(utf8.encode("key 3")), other.query(utf8.encode("key 3")));
  });

  it("stops before effects might not fit, always takes one event, and goes on where it stopped", async () => {
    const kernel = (await loadForTest("tally")).instantiate();
    const events = Array.from({ length: 30 }, (_, i) => ({ payload: tally("k", i) }));
    const bytes = region(events);
    const first = kernel.apply(CLOCK, 1, bytes, 0);
    assert.equal(first.consumedEvents, 1);
    const consumed = first.consumedBytes;
    const second = kernel.apply(CLOCK, 2, bytes.subarray(consumed), 2000);
    assert.ok(second.consumedEvents > 1 && second.consumedEvents < 29);
    assert.ok(second.effects.length <= 2000);
  });

  it("counts and sums per key, rejects what overflows, and answers queries", async () => {
    const kernel = (await loadForTest("tally")).instantiate();
    const max = (1n << 63n) - 1n;
    const effects = applyAll(
      kernel,
      [tally("a", 5), tally("b", max), tally("b", 1), tally("a", -7)].map((payload) => ({ payload })),
    );
    assert.deepEqual(effects.map((effect) => [effect.event, effect.kind, effect.reason]), [
      [0, EffectKind.REPLY, 0],
      [0, EffectKind.OUTPUT, 0],
      [1, EffectKind.REPLY, 0],
      [1, EffectKind.OUTPUT, 0],
      [2, EffectKind.REJECT, 4],
      [3, EffectKind.REPLY, 0],
      [3, EffectKind.OUTPUT, 0],
    ]);
    assert.deepEqual(decisionOf(effects[5]).figures.map(({ code, value }) => [code, value]), [[1, 2n], [
      2,
      -2n,
    ]]);
    const state = fromBinary(TallyStateSchema, kernel.query(utf8.encode("b"))!);
    assert.deepEqual([state.key, state.count, state.sum], ["b", 1n, max]);
    assert.equal(kernel.query(utf8.encode("nobody")), undefined);
    assert.equal(kernel.keys, 2);
  });

  it("traps on the marked event alone, and names it", async () => {
    const params = toBinary(TallyParamsSchema, create(TallyParamsSchema, { trapNote: "boom" }));
    const module = await loadForTest("tally", { kernel: params });
    const events = [tally("a", 1), tally("a", 1, "calm"), tally("a", 1, "boom")].map((payload) => ({
      payload,
    }));
    assert.throws(
      () => module.instantiate().apply(CLOCK, 1, region(events), 1 << 20),
      (error) => error instanceof KernelTrap && error.event === 2,
    );
    const quarantined = [...events.slice(0, 2), { ...events[2], kind: 2 }];
    assert.equal(applyAll(module.instantiate(), quarantined).at(-1)!.reason, 9);
    assert.equal(applyAll((await loadForTest("tally")).instantiate(), events).length, 6);
  });

  it("asks for the earliest timer wanted, and runs it when it is due, not before", async () => {
    const kernel = (await loadForTest("operators")).instantiate();
    const none = new Uint8Array(), due = BigInt(CLOCK + 500);
    const set = [due + 100n, due, due + 200n].map((at) => ({ payload: command(11, none, at) }));
    assert.equal(kernel.apply(CLOCK, 1, region([set[0]]), 1 << 20).nextTimer, CLOCK + 600);
    assert.equal(kernel.apply(CLOCK, 2, region(set), 1 << 20).nextTimer, CLOCK + 500);
    const timer = region([{ kind: 1 }]);
    const early = kernel.apply(CLOCK + 499, 3, timer, 1 << 20);
    assert.deepEqual([early.effects.length, early.nextTimer], [0, CLOCK + 500]);
    const ran = kernel.apply(CLOCK + 501, 4, timer, 1 << 20);
    assert.equal(ran.nextTimer, Infinity);
    assert.equal(figuresOf(effectsOf(ran.effects)[0])[1], BigInt(CLOCK + 501));
  });

  it("takes frames larger than its standing input, and goes on the same", async () => {
    const kernel = (await loadForTest("tally")).instantiate();
    const big = Array.from({ length: 100 }, () => ({ payload: tally("k", 1, "n".repeat(60_000)) }));
    for (let round = 0; round < 2; round++) {
      assert.equal(applyAll(kernel, big).length, 200);
      assert.equal(applyAll(kernel, [{ payload: tally("k", 1) }]).length, 2);
    }
    assert.equal(fromBinary(TallyStateSchema, kernel.query(utf8.encode("k"))!).count, 202n);
    assert.equal(kernel.query(new Uint8Array(3 << 20)), undefined);
    const longer = applyAll(kernel, [{ payload: tally("k", 1, "n".repeat(70_000)) }]);
    assert.equal(longer[0].reason, 1);
  });

  it("refuses a malformed frame, and never traps on one", async () => {
    const random = seeded("malformed frames");
    const module = await loadForTest("tally", { dedupeWindow: 1000n, dedupeMax: 10 });
    let refused = 0;
    let kernel = module.instantiate();
    for (let i = 0; i < 5000; i++) {
      const bytes = region([{
        payload: tally("a", 1),
        id: random.bytes(4),
        source: random.bytes(2),
        sequence: 5,
      }]);
      for (let n = 1 + random.below(3); n > 0; n--) bytes[random.below(bytes.length)] = random.below(256);
      const cut = random.below(4) ? bytes : bytes.subarray(0, random.below(bytes.length));
      try {
        kernel.apply(CLOCK, i, cut, 1 << 16);
      } catch (error) {
        assert.match((error as Error).message, /status -2/);
        refused++;
        kernel = module.instantiate();
      }
    }
    assert.ok(refused > 500, `${refused} refused`);
  });
});
