/** The pretrade kernel and its naive twin: the same answers, whatever comes, and whenever it is restored. */
import { describe, it } from "@std/testing/bdd";
import assert from "node:assert/strict";
import process from "node:process";
import { OrderReason } from "../../actors/orders/gen/order_pb.ts";
import type { Kernel } from "../../runtime/kernel/host.ts";
import type { Effect } from "../../runtime/proto/gen/frame_pb.ts";
import { PretradeModel } from "../models/pretrade.ts";
import { applyAll, effectsOf, region, seeded } from "./kernel_under_test.ts";
import {
  answerOf,
  applyOne,
  copyOf,
  decoded,
  drain,
  encode,
  Flow,
  freshKernel,
  PARAMS,
  stateOfKernel,
  stateOfModel,
} from "./pretrade_under_test.ts";

const long = process.env.MILLRACE_LONG === "1";
const ACCOUNTS = [1n, 2n, 3n, 4n, 5n];

describe("pretrade against its twin", () => {
  it("answers as the twin does, over random and adversarial orders", async () => {
    const random = seeded("pretrade"), make = await freshKernel();
    const counts = new Map<string, number>();
    for (let round = 0; round < (long ? 50 : 1); round++) sameAnswers(make(), new Flow(random), counts);
    console.log([...counts].sort().map(([what, count]) => `${what}: ${count}`).join(", "));
    for (const verdict of [1, 2, 3]) {
      assert.ok(counts.get(`verdict ${verdict}`)! > 20, `verdict ${verdict} is met`);
    }
    const reasons = [...counts.keys()].filter((name) => name.startsWith("reason"));
    assert.ok(reasons.includes(`reason ${OrderReason.REFERENCE_STALE}`), "stale reference prices are met");
    assert.ok(reasons.length >= 30, `only ${reasons.length} kinds of reason were met`);
  });

  it("goes on after a restore at every event as if it had never stopped", async () => {
    const flow = new Flow(seeded("pretrade restore")), make = await freshKernel();
    const payloads = [...flow.setUp()].map((event) => ({ payload: encode(event), clock: flow.clock }));
    for (let i = 0; i < 120; i++) payloads.push({ payload: encode(flow.next()), clock: flow.clock });
    const straight = make();
    const wanted = payloads.map(({ payload, clock }, i) => step(straight, payload, clock, i));
    let kernel = make();
    payloads.forEach(({ payload, clock }, i) => {
      assert.deepEqual(step(kernel, payload, clock, i), wanted[i], `event ${i}`);
      kernel = copyOf(kernel, make());
    });
    for (const account of ACCOUNTS) {
      assert.deepEqual(stateOfKernel(kernel, account), stateOfKernel(straight, account));
    }
  });

  it("answers one frame as it answers its events one at a time", async () => {
    const flow = new Flow(seeded("pretrade frames")), make = await freshKernel();
    const events = [...flow.setUp()].map((event) => ({ payload: encode(event) }));
    for (let i = 0; i < 3_000; i++) events.push({ payload: encode(flow.next()) });
    const frames = make(), single = make();
    const together: Effect[] = [], apart: Effect[] = [];
    for (let done = 0; done < events.length;) {
      done += applyRegion(frames, events.slice(done), done, flow.clock, together);
    }
    events.forEach((event, index) => applyRegion(single, [event], index, flow.clock, apart));
    assert.deepEqual(together, apart);
  });

  it("rejects bytes that are no event, and changes nothing", async () => {
    const random = seeded("pretrade bytes"), kernel = (await freshKernel())();
    for (let i = 0; i < 2_000; i++) {
      const payload = random.bytes(random.below(40));
      for (const effect of applyAll(kernel, [{ payload }])) assert.ok([3, 1].includes(effect.kind));
    }
    assert.equal(kernel.keys, 0);
  });
});

/** A stream from an empty state on: long ones fill up, and little would be approved any more. */
function sameAnswers(kernel: Kernel, flow: Flow, counts: Map<string, number>): void {
  const model = new PretradeModel(PARAMS), setUp = [...flow.setUp()];
  for (let index = 0; index < setUp.length + 20_000; index++) {
    const event = index < setUp.length ? setUp[index] : flow.next();
    const payload = encode(event);
    const expected = model.apply(decoded(payload), BigInt(flow.clock));
    const { effects, cancels, timer } = applyOne(kernel, model, payload, flow.clock);
    assert.deepEqual(answerOf(effects[0]), expected, `event ${index}: ${describeEvent(event)}`);
    if (cancels.length > 0) bump(counts, `cancels of ${cancels[0].kill.scope}`);
    if (timer || cancels.length > 0) drain(kernel, model, flow.clock);
    if (expected.kind === "reply") { for (const [code] of expected.reasons) bump(counts, `reason ${code}`); }
    if (expected.kind === "reply") bump(counts, `verdict ${expected.verdict}`);
    if (expected.kind === "reject") bump(counts, `reject ${expected.reason}`);
    if (index % 50 === 0) sameStates(kernel, model, index);
  }
}

/** Adds the effects, by the index of their event in the whole stream; how many events went in. */
function applyRegion(
  kernel: Kernel,
  events: { payload: Uint8Array }[],
  first: number,
  clock: number,
  into: Effect[],
): number {
  const { effects, consumedEvents } = kernel.apply(clock, 1, region(events), 1 << 20);
  for (const effect of effectsOf(effects.slice())) into.push({ ...effect, event: first + effect.event });
  return consumedEvents;
}

function step(kernel: Kernel, payload: Uint8Array, clock: number, index: number): Uint8Array {
  return kernel.apply(clock, index + 1, region([{ payload }]), 1 << 20).effects.slice();
}

function sameStates(kernel: Kernel, model: PretradeModel, index: number): void {
  for (const account of ACCOUNTS) {
    assert.deepEqual(
      stateOfKernel(kernel, account),
      stateOfModel(model, account),
      `account ${account} at ${index}`,
    );
  }
}

function bump(counts: Map<string, number>, what: string): void {
  counts.set(what, (counts.get(what) ?? 0) + 1);
}

function describeEvent(event: object): string {
  return JSON.stringify(event, (_, value) => typeof value === "bigint" ? String(value) : value);
}
