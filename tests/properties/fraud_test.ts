/** The fraud kernel answers as the naive model does, over random and hostile streams, and whenever restored. */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import assert from "node:assert/strict";
import { before, describe, it } from "@std/testing/bdd";
import { CardStateSchema, FraudParamsSchema } from "../../actors/payments/gen/payment_pb.ts";
import type { Kernel, KernelModule } from "../../runtime/kernel/host.ts";
import { FraudModel, type FraudRules } from "../models/fraud.ts";
import type { Answer } from "../models/payments.ts";
import { CARDS, crowd, steps } from "./fraud_steps.ts";
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

async function load(rules: Partial<FraudRules> = {}): Promise<KernelModule> {
  return await loadForTest("fraud", {
    kernel: toBinary(FraudParamsSchema, create(FraudParamsSchema, rules)),
  });
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

  it("answers as the model does when more come than are kept, and the card rests in between", () => {
    const random = randomFor("fraud, resting", 4);
    const kernel = module.instantiate(), model = new FraudModel();
    assertEqual(kernel, model, crowd(random, LONG ? 100_000 : 10_000), 0);
    assertSameState(kernel, model);
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
