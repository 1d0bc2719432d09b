import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import { DecisionSchema, start, Verdict } from "../../runtime/mod.ts";
import { declared } from "../../deploy/declared.ts";
import { memoryWorld } from "../../tests/support/world.ts";
import { PaymentEventSchema } from "./gen/payment_pb.ts";
import velocity from "./velocity.ts";

const MINUTE = 60_000_000n;
const START = 1_767_225_600_000_000n;

function payment(card: string, amount: bigint, at: bigint, latitude = 0, longitude = 0): Uint8Array {
  const value = { card, amount, at: START + at, latitude, longitude };
  return toBinary(PaymentEventSchema, create(PaymentEventSchema, { event: { case: "payment", value } }));
}

describe("the velocity of cards, declared", () => {
  it("answers each payment with its verdict, its reasons by name, and what they rest on", async () => {
    const { pipeline, wasm } = await declared(velocity);
    const world = memoryWorld(), over = new AbortController();
    const runtime = await start({ pipelines: [pipeline] }, world, over.signal, {
      kernels: () => Promise.resolve(wasm),
    });
    await runtime.ready;
    const decide = async (payload: Uint8Array) => {
      const outcome = await runtime.submit(pipeline.name, payload);
      assert.equal(outcome.kind, "decided");
      const { verdict, reasons, figures } = fromBinary(
        DecisionSchema,
        (outcome as { reply: Uint8Array }).reply,
      );
      const name = (code: number) => pipeline.reasons!.value[code].name;
      const figure = (code: number) => pipeline.figures!.value[code].name;
      return {
        verdict,
        reasons: reasons.map(({ code }) => name(code)),
        figures: Object.fromEntries(figures.map(({ code, value }) => [figure(code), value])),
      };
    };
    for (let i = 0n; i < 5n; i++) {
      const { verdict, reasons } = await decide(payment("often", 10n, i * MINUTE / 10n));
      assert.deepEqual([verdict, reasons], [Verdict.APPROVE, []]);
    }
    const sixth = await decide(payment("often", 10n, MINUTE - 1n));
    assert.deepEqual([sixth.verdict, sixth.reasons], [Verdict.DECLINE, ["REASON_TOO_MANY"]]);
    assert.equal(sixth.figures.FIGURE_HITS, 6n);
    assert.equal((await decide(payment("often", 10n, 3n * MINUTE))).verdict, Verdict.APPROVE);

    assert.equal((await decide(payment("much", 5_000n, 0n))).verdict, Verdict.APPROVE);
    const more = await decide(payment("much", 1n, 10n * MINUTE - 1n));
    assert.deepEqual([more.verdict, more.reasons], [Verdict.DECLINE, ["REASON_TOO_MUCH"]]);
    assert.equal((await decide(payment("much", 1n, 20n * MINUTE))).verdict, Verdict.APPROVE);

    // Paris to London, 344 km: an hour is enough, half an hour is not.
    const paris = [48_856_600, 2_352_200], london = [51_507_400, -127_800];
    await decide(payment("fast", 1n, 0n, paris[0], paris[1]));
    assert.equal(
      (await decide(payment("fast", 1n, 60n * MINUTE, london[0], london[1]))).verdict,
      Verdict.APPROVE,
    );
    const back = await decide(payment("fast", 1n, 90n * MINUTE, paris[0], paris[1]));
    assert.deepEqual([back.verdict, back.reasons], [Verdict.REVIEW, ["REASON_TOO_FAST"]]);
    await runtime.stop();
  });
});
