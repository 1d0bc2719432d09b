/** What senders are told of events that were refused. */
import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import { fraud } from "../../actors/payments/fraud.ts";
import { pretrade } from "../../actors/orders/pretrade.ts";
import { tally } from "../../actors/tally/tally.ts";
import { checkTopology } from "../check.ts";
import { RejectReason, RejectReasonSchema } from "../proto/gen/frame_pb.ts";
import { noKey } from "./problem.ts";
import { rejectionOf } from "./rejections.ts";

describe("what a rejection means", () => {
  it("is said of every reason that there is", () => {
    for (const { number, name } of RejectReasonSchema.values) {
      const { reason, meaning } = rejectionOf(tally, number);
      assert.equal(reason, name);
      assert.equal(meaning !== "", number !== RejectReason.UNSPECIFIED, name);
    }
  });

  it("is what the pipeline says of its own fields, where it says so", () => {
    const { reason, meaning } = rejectionOf(fraud, RejectReason.OUT_OF_RANGE);
    assert.equal(reason, "OUT_OF_RANGE");
    assert.match(meaning, /amount/);
    assert.match(rejectionOf(pretrade, 104).meaning, /limits/);
  });

  it("leaves a code that nobody named as it is", () => {
    assert.deepEqual(rejectionOf(tally, 177), { reason: "CODE_177", meaning: "" });
  });

  it("is refused at start under a name that is no reason", () => {
    const advice = { OUT_OF_RAGNE: "key" };
    assert.throws(() => checkTopology({ pipelines: [{ ...tally, advice }] }), /OUT_OF_RAGNE.*OUT_OF_RANGE/);
  });
});

describe("an event without a key", () => {
  it("is told which fields would give it one", () => {
    const key = ["payment.card", ["bin", "merchant"]];
    assert.match(noKey({ name: "fraud", key }).detail, /payment\.card, or bin and merchant: not empty/);
  });
});
