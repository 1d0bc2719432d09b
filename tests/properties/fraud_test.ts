/** The fraud kernel answers as the naive model does, over random and hostile streams, and whenever restored. */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import assert from "node:assert/strict";
import { before, describe, it } from "@std/testing/bdd";
import { CardStateSchema, FraudParamsSchema } from "../../actors/payments/gen/payment_pb.ts";
import type { PaymentEventFields } from "../../actors/payments/gen/payment_wire.ts";
import type { Seeded } from "../../actors/random.ts";
import type { Kernel, KernelModule } from "../../runtime/kernel/host.ts";
import { FraudModel, type FraudRules } from "../models/fraud.ts";
import type { Answer } from "../models/payments.ts";
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

const CARDS = [
  "4319400000000001",
  "4319400000000002",
  "token-of-a-card-that-is-longer-than-24-bytes",
  "ü1",
  "5",
];

async function load(rules: Partial<FraudRules> = {}): Promise<KernelModule> {
  return await loadForTest("fraud", {
    kernel: toBinary(FraudParamsSchema, create(FraudParamsSchema, rules)),
  });
}

/** Events that crowd the windows, come out of order, and now and then break a bound. */
function steps(random: Seeded, count: number): Step[] {
  let at = START, clock = START + 1_000_000;
  return Array.from({ length: count }, () => {
    at += random.pick([0, 1, 1000, 900_000, 5_000_000, 12_000_000, 61_000_000, 300_000_000]);
    if (random.chance(0.005)) at += 90_000_000_000;
    clock = Math.max(clock, at) + random.pick([0, 0, 1_000_000]);
    if (random.chance(0.002)) clock += 100_000_000_000;
    const skewed = random.chance(0.02) ? clock - random.int(0, 20_000_000) : clock;
    return { payload: encode(eventAt(random, at, clock)), clock: skewed };
  });
}

function eventAt(random: Seeded, at: number, clock: number): PaymentEventFields {
  const card = random.chance(0.5) ? CARDS[0] : random.pick(CARDS);
  if (random.chance(0.03)) return { profile: profile(random, card) };
  if (random.chance(0.01)) {
    return { cardRelease: { card: random.pick([card, "nobody", ""]), by: "a person" } };
  }
  const late = random.chance(0.2)
    ? random.pick([1, 500_000, 59_999_999, 60_000_000, 599_999_999, 600_000_000])
    : 0;
  const located = random.chance(0.5);
  const payment = {
    card,
    amount: random.pick([1, 100, 700, 2500, 5000, 5001]),
    currency: random.pick(["", "INR", "INR", "INR", "INR", "USD"]),
    at: at - late,
    channel: random.int(0, 2),
    ...(located ? place(random) : {}),
  };
  return { payment: random.chance(0.06) ? hostile(random, payment, clock) : payment };
}

function place(random: Seeded) {
  return random.pick([
    { latitude: 19_076_000, longitude: 72_877_700 },
    { latitude: 28_613_900, longitude: 77_209_000 },
    {
      latitude: 19_076_000 + random.int(-20_000, 20_000),
      longitude: 72_877_700 + random.int(-20_000, 20_000),
    },
    { latitude: random.int(-90_000_000, 90_000_000), longitude: random.int(-180_000_000, 180_000_000) },
  ]);
}

function hostile(random: Seeded, payment: PaymentEventFields["payment"], clock: number) {
  return random.pick([
    { ...payment, card: "" },
    { ...payment, card: "x".repeat(65) },
    { ...payment, card: "x".repeat(64) },
    {
      ...payment,
      amount: random.pick([
        0n,
        -1n,
        10n ** 12n,
        10n ** 12n + 1n,
        10n ** 15n + 1n,
        2n ** 63n - 1n,
        -(2n ** 63n),
      ]),
    },
    {
      ...payment,
      at: random.pick([0n, -1n, 1n, 2n ** 63n - 1n, -(2n ** 63n), BigInt(clock) + 300_000_001n]),
    },
    { ...payment, currency: random.pick(["inr", "IN", "INRR", "IN1", "éR"]) },
    { ...payment, latitude: 90_000_001, longitude: 0 },
    { ...payment, latitude: undefined, longitude: 5 },
  ]);
}

function profile(random: Seeded, card: string) {
  return {
    card: random.chance(0.05) ? "" : card,
    currency: random.pick(["", "INR", "USD", "x"]),
    sumMax: random.pick([0, 10_000, -1]),
    countMax: random.pick([0, 3, 60, 61]),
    speedKmhMax: random.pick([0, 900, 70_000]),
    limitPercent: random.pick([0, 50, 333]),
    usualAmount: random.pick([0, 100]),
    ...(random.chance(0.5) ? { homeLatitude: 19_000_000, homeLongitude: 72_000_000 } : {}),
    removed: random.chance(0.3),
  };
}

function assertEqual(kernel: Kernel, model: FraudModel, all: readonly Step[], from: number): Answer[] {
  return all.map((step, index) => {
    const expected = model.apply(step.payload, BigInt(step.clock));
    assert.deepEqual(answerOf(kernel, step, from + index + 1).answer, expected, `event ${from + index}`);
    return expected;
  });
}

function note(seen: Set<string>, answer: Answer): void {
  if (answer.kind === "reject") seen.add(`reject ${answer.reason}`);
  if (answer.kind !== "reply") return;
  seen.add(`verdict ${answer.verdict}`);
  for (const [code] of answer.reasons) seen.add(`reason ${code}`);
}

function assertSameState(kernel: Kernel, model: FraudModel): void {
  for (const card of [...CARDS, "nobody"]) {
    const bytes = kernel.query(new TextEncoder().encode(card));
    assert.deepEqual(bytes && plain(fromBinary(CardStateSchema, bytes)), model.query(card), card);
  }
}

describe("the fraud kernel", () => {
  let module: KernelModule;
  before(async () => {
    module = await load();
  });

  it("answers as the model does over random streams", () => {
    const source = randomFor("fraud", 1), seen = new Set<string>();
    for (let round = 0; round < (LONG ? 200 : 8); round++) {
      const random = source.fork(`stream ${round}`);
      const kernel = module.instantiate(), model = new FraudModel();
      for (let part = 0; part < 10; part++) {
        for (const answer of assertEqual(kernel, model, steps(random, 250), part * 250)) note(seen, answer);
        assertSameState(kernel, model);
      }
    }
    const rejects = [2, 3, 4, 5, 6, 7, 100].map((code) => `reject ${code}`);
    const reasons = [1, 2, 3, 4, 5].map((code) => `reason ${code}`);
    for (const each of ["verdict 1", "verdict 2", "verdict 3", ...reasons, ...rejects]) {
      assert.ok(seen.has(each), `no event had ${each}: the stream proves too little`);
    }
  });

  it("answers as the model does when a card never stops", () => {
    const random = randomFor("fraud, crowded", 2);
    const rules = { amountMax: 10n ** 15n, sumMax: 10n ** 17n };
    return load(rules).then((crowded) => {
      const kernel = crowded.instantiate(), model = new FraudModel(rules);
      let at = START;
      const all = Array.from({ length: LONG ? 40_000 : 12_000 }, () => {
        at += random.int(0, 90_000);
        const late = random.chance(0.1) ? random.int(0, 20_000_000) : 0;
        const amount = random.chance(0.9) ? 10 ** 15 : random.int(1, 100);
        return { payload: encode({ payment: { card: "5", amount, at: at - late } }), clock: at + 1 };
      });
      const answers = new Set(all.map((step, index) => {
        const expected = model.apply(step.payload, BigInt(step.clock));
        assert.deepEqual(answerOf(kernel, step, index + 1).answer, expected, `event ${index}`);
        return expected.kind === "reject" ? expected.reason : expected.kind;
      }));
      // 9,223 amounts of 10^15 fill int64 within the ten minutes.
      if (all.length > 11_000) assert.ok(answers.has(4), "the sum never overflowed");
    });
  });

  it("goes on as if it had never stopped when restored after any event", () => {
    const all = steps(randomFor("fraud, restored", 3), LONG ? 1000 : 120);
    let kernel = module.instantiate();
    const model = new FraudModel();
    all.forEach((step, index) => {
      const expected = model.apply(step.payload, BigInt(step.clock));
      assert.deepEqual(answerOf(kernel, step, index + 1).answer, expected, `event ${index}`);
      kernel = restoredCopy(module, kernel);
    });
    assertSameState(kernel, model);
  });
});
