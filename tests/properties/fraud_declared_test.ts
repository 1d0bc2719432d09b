/** The fraud rules as they are declared decide as the naive model of the handwritten kernel does. */
import assert from "node:assert/strict";
import { before, describe, it } from "@std/testing/bdd";
import declaration from "../../actors/payments/fraud_declared.ts";
import { declared } from "../../deploy/declared.ts";
import { type KernelModule, kernelParams, loadKernel } from "../../runtime/mod.ts";
import { FraudModel } from "../models/fraud.ts";
import type { Answer } from "../models/payments.ts";
import { crowd, steps } from "./fraud_steps.ts";
import { answerOf, LONG, randomFor, restoredCopy, type Step } from "./payments_under_test.ts";

/** The order in which figures are told is the declaration's own. */
function sorted(answer: Answer): Answer {
  if (answer.kind !== "reply") return answer;
  return { ...answer, figures: answer.figures.toSorted(([a], [b]) => a - b) };
}

describe("the fraud rules, declared", () => {
  let module: KernelModule;
  before(async () => {
    const { pipeline, wasm } = await declared(declaration);
    module = await loadKernel(pipeline.kernel, wasm, kernelParams(pipeline));
  });

  function run(all: readonly Step[], restored: boolean): Set<string> {
    let kernel = module.instantiate();
    const model = new FraudModel(), seen = new Set<string>();
    all.forEach((step, index) => {
      const expected = sorted(model.apply(step.payload, BigInt(step.clock)));
      assert.deepEqual(sorted(answerOf(kernel, step, index + 1, false).answer), expected, `event ${index}`);
      if (restored) kernel = restoredCopy(module, kernel);
      if (expected.kind === "reject") seen.add(`reject ${expected.reason}`);
      if (expected.kind !== "reply") return;
      seen.add(`verdict ${expected.verdict}`);
      for (const [code] of expected.reasons) seen.add(`reason ${code}`);
      for (const [code] of expected.figures) seen.add(`figure ${code}`);
    });
    return seen;
  }

  it("give the verdict, the reasons and the figures of the model, for every event of hostile streams", () => {
    const source = randomFor("fraud, declared", 5), seen = new Set<string>();
    for (let round = 0; round < (LONG ? 100 : 8); round++) {
      const all = steps(source.fork(`stream ${round}`), 2_500, { skewed: false });
      for (const each of run(all, false)) seen.add(each);
    }
    const wanted = [
      ...[1, 2, 3].map((code) => `verdict ${code}`),
      ...[1, 2, 3, 4, 5].map((code) => `reason ${code}`),
      ...[1, 2, 3, 4, 5, 6].map((code) => `figure ${code}`),
      ...[2, 3, 4, 5, 6, 7, 100].map((code) => `reject ${code}`),
    ];
    assert.deepEqual(wanted.filter((each) => !seen.has(each)), []);
  });

  it("give them when more payments come than are kept, and the card rests in between", () => {
    run(crowd(randomFor("fraud, declared, crowded", 4), LONG ? 100_000 : 10_000), false);
  });

  it("go on as if they had never stopped when restored after any event", () => {
    run(steps(randomFor("fraud, declared, restored", 6), 120, { skewed: false }), true);
  });
});
