import { describe, it } from "@std/testing/bdd";
import assert from "node:assert/strict";
import { readAnswer } from "./publisher.ts";

const answer = (text: string) => readAnswer({ data: new TextEncoder().encode(text), headers: undefined });

describe("a JetStream answer, read as bytes", () => {
  it("gives the sequence, wherever it stands", () => {
    assert.deepEqual(answer('{"stream":"MILLRACE_main_a-0","seq":42}'), { kind: "stored", sequence: 42 });
    assert.deepEqual(answer('{"seq":7,"stream":"S"}'), { kind: "stored", sequence: 7 });
    assert.deepEqual(answer('{"stream":"S", "domain":"hub", "seq":9007199254740991, "duplicate":true}'), {
      kind: "stored",
      sequence: 9007199254740991,
    });
    assert.deepEqual(answer('{ "stream" : "S" , "seq" : 5 }'), { kind: "stored", sequence: 5 });
  });

  it("gives JetStream's own code of a refusal, and its words", () => {
    const refusal =
      '{"error":{"code":400,"err_code":10071,"description":"wrong last sequence: 5"},"stream":"S","seq":0}';
    assert.deepEqual(answer(refusal), { kind: "refused", code: 10071, detail: "wrong last sequence: 5" });
    const late = '{"stream":"S","seq":0,"error":{"code":503,"description":"no space"}}';
    assert.deepEqual(answer(late), { kind: "refused", code: 503, detail: "no space" });
  });

  it("takes an empty answer for nobody there", () => {
    assert.deepEqual(answer(""), { kind: "refused", code: 503, detail: "no server answers for this stream" });
  });

  it("never takes what it cannot read for stored", () => {
    for (
      const text of ["{}", "[]", '{"seq":0}', '{"seq":"x"}', "garbage", '{"stream":"S","se', "null", "1"]
    ) {
      assert.equal(answer(text).kind, "unknown", text);
    }
  });
});
