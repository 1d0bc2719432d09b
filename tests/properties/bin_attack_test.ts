/** The BIN-attack kernel answers as the naive model does, alerts included, and blocks the attack in time. */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import assert from "node:assert/strict";
import { before, describe, it } from "@std/testing/bdd";
import { BinAttackParamsSchema, BinStateSchema } from "../../actors/payments/gen/payment_pb.ts";
import type { PaymentEventFields, PaymentFields } from "../../actors/payments/gen/payment_wire.ts";
import { ATTACKED, CardTraffic } from "../../actors/payments/generator.ts";
import type { Seeded } from "../../actors/random.ts";
import type { Kernel, KernelModule } from "../../runtime/kernel/host.ts";
import { BinAttackModel } from "../models/bin_attack.ts";
import { loadForTest } from "./kernel_under_test.ts";
import {
  answerOf,
  encode,
  LONG,
  plain,
  randomFor,
  restoredCopy,
  START,
  type Step,
} from "./payments_under_test.ts";

const SECOND = 1_000_000, MINUTE = 60 * SECOND;
const MERCHANTS = ["shop", "a merchant with a name longer than thirty-two bytes", "m\0x"];
const BINS = ["431940", "43194012"];

function steps(random: Seeded, count: number): Step[] {
  let at = START, clock = START;
  return Array.from({ length: count }, () => {
    at += random.pick([0, 1, 500_000, 1_000_000, 3_000_000]);
    if (random.chance(0.01)) at += random.pick([59, 61, 899, 901]) * SECOND;
    clock = Math.max(clock, at);
    if (random.chance(0.002)) clock += 100_000_000_000;
    return { payload: encode(eventAt(random, at, clock)), clock };
  });
}

function eventAt(random: Seeded, at: number, clock: number): PaymentEventFields {
  const key = {
    bin: random.chance(0.8) ? BINS[0] : BINS[1],
    merchant: random.chance(0.7) ? MERCHANTS[0] : random.pick(MERCHANTS),
  };
  if (random.chance(0.02)) return { binRelease: { ...key, at, by: "a person" } };
  if (random.chance(0.02)) return { merchantPolicy: policy(random, key.merchant) };
  if (random.chance(0.005)) return { cardRelease: { card: "1" } };
  const late = random.chance(0.15)
    ? random.pick([1, 30 * SECOND, 60 * SECOND, 600 * SECOND, 600 * SECOND + 1])
    : 0;
  const payment: PaymentFields = {
    ...key,
    card: `${key.bin}${random.int(1, random.pick([8, 60]))}`,
    amount: random.pick([1_999_900, 1_999_900, 1_900_000, 2_100_000, 1_000_000, 999_999, 5]),
    currency: random.pick(["INR", "INR", "INR", ""]),
    at: at - late,
    channel: random.pick([0, 1, 2, 2, 2, 2]),
  };
  return { payment: random.chance(0.04) ? hostile(random, payment, clock) : payment };
}

function hostile(random: Seeded, payment: PaymentFields, clock: number): PaymentFields {
  return random.pick([
    { ...payment, card: "" },
    { ...payment, bin: random.pick(["", "12345", "123456789", "12345x", "１２３４５６"]) },
    { ...payment, merchant: random.pick(["", "m".repeat(65), "m".repeat(64)]) },
    { ...payment, amount: random.pick([0n, -5n, 2n ** 63n - 1n, 10n ** 12n + 1n]) },
    { ...payment, at: random.pick([0n, -1n, 5n, BigInt(clock) + 301_000_000n]) },
  ]);
}

function policy(random: Seeded, merchant: string) {
  return {
    merchant: random.chance(0.3) ? "" : merchant,
    amountMin: random.pick([0, 1_500_000, -1]),
    cardsReview: random.pick([0, 2]),
    cardsBlock: random.pick([0, 3, 32, 33]),
    alikePermille: random.pick([0, 120, 1000, 1001]),
    block: random.pick([0, 60 * SECOND]),
    removed: random.chance(0.4),
  };
}

function assertSameState(kernel: Kernel, model: BinAttackModel): void {
  for (const bin of BINS) {
    for (const merchant of [...MERCHANTS, "nowhere"]) {
      const key = `${bin}\0${merchant}`, bytes = kernel.query(new TextEncoder().encode(key));
      assert.deepEqual(bytes && plain(fromBinary(BinStateSchema, bytes)), model.query(key), key);
    }
  }
}

describe("the BIN-attack kernel", () => {
  let module: KernelModule;
  before(async () => {
    module = await loadForTest("bin_attack");
  });

  it("answers as the model does over random streams", () => {
    const source = randomFor("bin attack", 1), seen = new Set<string>();
    for (let round = 0; round < (LONG ? 200 : 8); round++) {
      const kernel = module.instantiate(), model = new BinAttackModel();
      steps(source.fork(`stream ${round}`), 2000).forEach((step, index) => {
        const expected = model.apply(step.payload, BigInt(step.clock));
        const { answer, alerts } = answerOf(kernel, step, index + 1);
        assert.deepEqual(answer, expected, `event ${index} of stream ${round}`);
        assert.deepEqual(alerts, model.alerts, `event ${index} of stream ${round}`);
        if (index % 100 === 0) assertSameState(kernel, model);
        seen.add(answer.kind === "reply" ? `verdict ${answer.verdict}` : answer.kind);
        for (const alert of alerts) seen.add(alert.kind);
      });
    }
    for (const each of ["verdict 1", "verdict 2", "verdict 3", "reject", "applied", "blocked", "released"]) {
      assert.ok(seen.has(each), `no event had ${each}: the stream proves too little`);
    }
  });

  it("goes on as if it had never stopped when restored after any event", () => {
    let kernel = module.instantiate();
    const model = new BinAttackModel();
    steps(randomFor("bin attack, restored", 2), LONG ? 1000 : 120).forEach((step, index) => {
      const expected = model.apply(step.payload, BigInt(step.clock));
      assert.deepEqual(answerOf(kernel, step, index + 1).answer, expected, `event ${index}`);
      kernel = restoredCopy(module, kernel);
    });
    assertSameState(kernel, model);
  });

  it("blocks the Saturday attack within 90 seconds of its first payment, and ordinary traffic never", () => {
    const kernel = module.instantiate(), attackAt = START + 2 * 60 * MINUTE;
    const traffic = new CardTraffic({
      seed: 1,
      startAt: START + 110 * MINUTE,
      perDay: 200_000,
      attack: { at: attackAt },
    });
    let blockedAt = 0, declinedAfter = 0, passedAfter = 0, ordinaryDeclined = 0;
    for (let index = 1; index < 20_000; index++) {
      const { at, event, kind } = traffic.next();
      const { answer, alerts } = answerOf(kernel, { payload: encode(event), clock: at }, index);
      assert.equal(answer.kind, "reply");
      const declined = answer.kind === "reply" && answer.verdict === 3;
      if (alerts.length && !blockedAt) {
        assert.equal(alerts[0].key, `${ATTACKED.bin}\0${ATTACKED.merchant}`);
        blockedAt = at;
      }
      if (kind === "attack" && blockedAt) declined ? declinedAfter++ : passedAfter++;
      if (kind !== "attack" && event.payment.merchant !== ATTACKED.merchant && declined) ordinaryDeclined++;
    }
    assert.ok(
      blockedAt > 0 && blockedAt - attackAt <= 90 * SECOND,
      `blocked ${(blockedAt - attackAt) / SECOND} s in`,
    );
    assert.ok(declinedAfter > 500);
    assert.equal(passedAfter, 0);
    assert.equal(ordinaryDeclined, 0);
  });

  /** Payments of `count` distinct cards, a second apart, and their verdicts. */
  function verdicts(
    kernel: Kernel,
    count: number,
    change: (index: number) => PaymentFields = () => ({}),
  ): number[] {
    return Array.from({ length: count }, (_, index) => {
      const payment = {
        bin: "431940",
        merchant: "shop",
        card: `c${index}`,
        amount: 1_999_900,
        at: START + index * SECOND,
        channel: 2,
      };
      const step = {
        payload: encode({ payment: { ...payment, ...change(index) } }),
        clock: START + 1_000 * SECOND,
      };
      const { answer } = answerOf(kernel, step, index + 1);
      return answer.kind === "reply" ? answer.verdict : -answer.kind.length;
    });
  }

  it("reviews from the fifth alike card and blocks at the tenth", () => {
    assert.deepEqual(verdicts(module.instantiate(), 12), [1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3]);
  });

  it("does not count one card twice, cards that are present, lower amounts, or amounts that differ", () => {
    assert.deepEqual(new Set(verdicts(module.instantiate(), 20, () => ({ card: "one" }))), new Set([1]));
    assert.deepEqual(new Set(verdicts(module.instantiate(), 20, () => ({ channel: 1 }))), new Set([1]));
    assert.deepEqual(new Set(verdicts(module.instantiate(), 20, () => ({ amount: 999_999 }))), new Set([1]));
    const apart = (index: number) => ({ amount: Math.round(1_000_000 * 1.06 ** index) });
    assert.deepEqual(new Set(verdicts(module.instantiate(), 20, apart)), new Set([1]));
  });

  it("counts a card that is exactly not yet a minute old, and not one that is", () => {
    const spread = (gap: number) => (index: number) => ({ at: START + (index < 9 ? 0 : gap) });
    assert.equal(verdicts(module.instantiate(), 10, spread(MINUTE - 1)).at(-1), 3);
    assert.equal(verdicts(module.instantiate(), 10, spread(MINUTE)).at(-1), 1);
  });

  it("blocks for the declared time and not a microsecond longer", () => {
    const after = (gap: number) => (index: number) =>
      index < 10 ? {} : { at: START + 9 * SECOND + gap, card: "new" };
    assert.equal(verdicts(module.instantiate(), 11, after(900 * SECOND - 1)).at(-1), 3);
    assert.equal(verdicts(module.instantiate(), 11, after(900 * SECOND)).at(-1), 1);
  });

  it("refuses thresholds it could not hold", async () => {
    const kernel = toBinary(BinAttackParamsSchema, create(BinAttackParamsSchema, { cardsBlock: 33 }));
    await assert.rejects(loadForTest("bin_attack", { kernel }), /parameters are not valid/);
  });
});
