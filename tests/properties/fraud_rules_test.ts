/** Each fraud rule at its boundary and just above, and what a card may take of memory. */
import { create, toBinary } from "@bufbuild/protobuf";
import assert from "node:assert/strict";
import { inspect } from "node:util";
import { before, describe, it } from "@std/testing/bdd";
import { FraudParamsSchema } from "../../actors/payments/gen/payment_pb.ts";
import type { PaymentEventFields, PaymentFields } from "../../actors/payments/gen/payment_wire.ts";
import { CardTraffic } from "../../actors/payments/generator.ts";
import type { Kernel, KernelModule } from "../../runtime/kernel/host.ts";
import { loadForTest, region } from "./kernel_under_test.ts";
import { answerOf, encode, START } from "./payments_under_test.ts";

const SECOND = 1_000_000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE;
const COUNT = 1, SUM = 2, SPEED = 3, UNUSUAL = 4, HISTORY = 5;

describe("the fraud rules", () => {
  let module: KernelModule;
  before(async () => {
    module = await loadForTest("fraud");
  });

  function apply(kernel: Kernel, event: PaymentEventFields) {
    return answerOf(kernel, { payload: encode(event), clock: START + 48 * HOUR }, 1).answer;
  }
  /** Verdict and reason codes of the last payment. */
  function last(kernel: Kernel, payments: PaymentFields[]): [number, number[]] {
    const answers = payments.map((each) =>
      apply(kernel, { payment: { card: "c", amount: 1, at: START, ...each } })
    );
    const answer = answers[answers.length - 1];
    assert.ok(answer.kind === "reply", inspect(answer));
    return [answer.verdict, answer.reasons.map(([code]) => code)];
  }
  const times = (count: number, gap: number) =>
    Array.from({ length: count }, (_, n) => ({ at: START + n * gap }));

  it("approve five transactions in a minute and review the sixth", () => {
    assert.deepEqual(last(module.instantiate(), times(5, SECOND)), [1, []]);
    assert.deepEqual(last(module.instantiate(), times(6, SECOND)), [2, [COUNT]]);
  });

  it("let a transaction leave the window exactly a minute after it", () => {
    assert.deepEqual(last(module.instantiate(), [...times(5, 0), { at: START + MINUTE - 1 }]), [2, [COUNT]]);
    assert.deepEqual(last(module.instantiate(), [...times(5, 0), { at: START + MINUTE }]), [1, []]);
  });

  it("approve 5,000 in ten minutes and review 5,001", () => {
    const later = START + 10 * MINUTE;
    assert.deepEqual(last(module.instantiate(), [{ amount: 4999 }, { at: later - 1 }]), [1, []]);
    assert.deepEqual(last(module.instantiate(), [{ amount: 5000 }, { at: later - 1 }]), [2, [SUM]]);
    assert.deepEqual(last(module.instantiate(), [{ amount: 5000 }, { at: later }]), [1, []]);
  });

  it("approve 500 km/h exactly and review anything faster", () => {
    const from = { channel: 1, latitude: 0, longitude: 0 },
      to = { channel: 1, latitude: 0, longitude: 9_000_000 };
    const figures = (at: number) => {
      const kernel = module.instantiate();
      apply(kernel, { payment: { card: "c", amount: 1, at: START, ...from } });
      return apply(kernel, { payment: { card: "c", amount: 1, at: START + at, ...to } });
    };
    const answer = figures(HOUR);
    assert.ok(answer.kind === "reply");
    const metres = answer.figures.find(([code]) => code === 5)![1];
    assert.ok(metres > 1_000_000n && metres < 1_002_000n);
    const exactly = Number(metres) * 3_600_000 / 500; // µs at 500 km/h
    assert.ok(Number.isInteger(exactly));
    const second = { ...to, at: START + exactly };
    assert.deepEqual(last(module.instantiate(), [from, second]), [1, []]);
    assert.deepEqual(last(module.instantiate(), [from, { ...second, at: second.at - 1 }]), [2, [SPEED]]);
  });

  it("do not compare places where the card was not present", () => {
    const there = { latitude: 50_000_000, longitude: 0, channel: 2 };
    assert.deepEqual(last(module.instantiate(), [{ latitude: 0, longitude: 0, channel: 1 }, there]), [1, []]);
  });

  it("give every reason that applies, and decline on several", () => {
    const far = { at: START + SECOND, amount: 6000, channel: 1, latitude: 50_000_000, longitude: 0 };
    const all = [...times(5, 0), { channel: 1, latitude: 0, longitude: 0 }, far];
    assert.deepEqual(last(module.instantiate(), all), [3, [COUNT, SUM, SPEED]]);
  });

  it("decline one broken rule after two suspicious payments, and review clean ones after three", () => {
    const broken = (n: number) => ({ amount: 5001, at: START + n * 11 * MINUTE });
    const clean = (n: number) => ({ at: START + n * 11 * MINUTE });
    assert.deepEqual(last(module.instantiate(), [broken(0), broken(1)]), [2, [SUM]]);
    assert.deepEqual(last(module.instantiate(), [broken(0), broken(1), broken(2)]), [3, [SUM, HISTORY]]);
    assert.deepEqual(last(module.instantiate(), [broken(0), broken(1), clean(2)]), [1, []]);
    assert.deepEqual(last(module.instantiate(), [broken(0), broken(1), broken(2), clean(3)]), [2, [HISTORY]]);
  });

  it("forget suspicion after a day without any, or when a person releases the card", () => {
    const broken = [0, 1, 2].map((n) => ({ amount: 5001, at: START + n * 11 * MINUTE }));
    const clean = (after: number) => ({ at: broken[2].at + after });
    assert.deepEqual(last(module.instantiate(), [...broken, clean(24 * HOUR - 1)]), [2, [HISTORY]]);
    assert.deepEqual(last(module.instantiate(), [...broken, clean(24 * HOUR)]), [1, []]);
    const kernel = module.instantiate();
    last(kernel, broken);
    apply(kernel, { cardRelease: { card: "c", by: "a person" } });
    assert.deepEqual(last(kernel, [clean(11 * MINUTE)]), [1, []]);
  });

  it("take limits from the profile, scaled by the customer's percentage", () => {
    const kernel = module.instantiate();
    const profile = { card: "c", sumMax: 10_000, limitPercent: 300, countMax: 1, usualAmount: 1000 };
    assert.deepEqual(apply(kernel, { profile }), { kind: "applied" });
    assert.deepEqual(last(kernel, [{ amount: 20_000 }]), [1, []]);
    assert.deepEqual(last(kernel, [{ amount: 10_000, at: START + MINUTE }]), [1, []]);
    assert.deepEqual(last(kernel, [{ amount: 1, at: START + 2 * MINUTE }]), [2, [SUM]]);
    assert.deepEqual(last(kernel, [{ amount: 20_001, at: START + 60 * MINUTE }]), [2, [UNUSUAL]]);
    assert.deepEqual(last(kernel, [{ at: START + 61 * MINUTE - 1 }]), [3, [COUNT, HISTORY]]);
  });

  it("approve nearly all of the ordinary traffic of customers with profiles", () => {
    const kernel = module.instantiate();
    const traffic = new CardTraffic({ seed: 3, startAt: START, cards: 2000, perDay: 6000 });
    for (const event of traffic.profiles()) assert.deepEqual(apply(kernel, event), { kind: "applied" });
    let approved = 0, ordinary = 0;
    for (let n = 0; n < 8000; n++) {
      const { event, kind } = traffic.next();
      const answer = apply(kernel, event);
      assert.ok(answer.kind === "reply");
      if (kind !== "ordinary") continue;
      ordinary++;
      if (answer.verdict === 1) approved++;
    }
    assert.ok(approved / ordinary > 0.95, `approved ${approved} of ${ordinary}`);
  });

  it("refuse parameters they could not hold", async () => {
    for (const bad of [{ sumWindow: 3_600_000_001n }, { amountMax: 10n ** 15n + 1n }, { countMax: 61 }]) {
      const kernel = toBinary(FraudParamsSchema, create(FraudParamsSchema, bad));
      await assert.rejects(loadForTest("fraud", { kernel }), /parameters are not valid/);
    }
  });
});

describe("the memory of the fraud kernel", () => {
  const CARDS = 200_000, BATCH = 2000;

  /** One payment of each card, starting at `at`. */
  function round(kernel: Kernel, at: number): void {
    for (let first = 0; first < CARDS; first += BATCH) {
      const events = Array.from({ length: BATCH }, (_, n) => ({
        payload: encode({
          payment: { card: `4319${String(first + n).padStart(12, "0")}`, amount: 100, at: at + n },
        }),
      }));
      const bytes = region(events);
      for (let done = 0; done < bytes.length;) {
        done += kernel.apply(at + BATCH, 1, bytes.subarray(done), 1 << 20).consumedBytes;
      }
    }
  }

  it("is at most 200 bytes a card, key and index included, and does not grow over a day", async () => {
    const kernel = (await loadForTest("fraud")).instantiate();
    const empty = kernel.stateBytes;
    round(kernel, START);
    assert.equal(kernel.keys, CARDS);
    assert.ok((kernel.stateBytes - empty) / CARDS <= 200, `${(kernel.stateBytes - empty) / CARDS} B a card`);
    // Two payments close together, then the rest of the day: blocks of the arena are taken and given back.
    for (const minutes of [2, 4, 30]) round(kernel, START + minutes * MINUTE);
    const after = kernel.stateBytes;
    for (const hours of [6, 12, 18, 24]) {
      for (const minutes of [0, 2, 4]) round(kernel, START + hours * HOUR + minutes * MINUTE);
    }
    assert.equal(kernel.stateBytes, after);
    assert.equal(kernel.keys, CARDS);
  });

  it("is given back by cards that are idle for longer than their time", async () => {
    const kernel = (await loadForTest("fraud")).instantiate();
    round(kernel, START);
    const other = Array.from(
      { length: BATCH },
      (_, n) => ({
        payload: encode({ payment: { card: `x${n % 10}`, amount: 1, at: START + 48 * HOUR + n } }),
      }),
    );
    const bytes = region(other);
    for (let sweep = 0; sweep < 1.2 * CARDS / BATCH; sweep++) {
      for (let done = 0; done < bytes.length;) {
        done += kernel.apply(START + 48 * HOUR + BATCH, 1, bytes.subarray(done), 1 << 20).consumedBytes;
      }
    }
    assert.equal(kernel.keys, 10);
  });
});
