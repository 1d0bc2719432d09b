import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import type { Manifest } from "../checkpoint/checkpoint.ts";
import { FrameHistory } from "./history.ts";

const host = { deadLetters: [], watermark: undefined, fed: {}, voids: [2], bytes: 0, marks: [] };
const manifest = { frame: 3, clock: 0, host } as unknown as Manifest;

describe("what a partition remembers of its frames", () => {
  it("holds a void frame for void while an older checkpoint is restored, for whoever still reads", () => {
    const history = new FrameHistory("tally-0");
    history.markVoid(7);
    history.restore(manifest);
    assert.deepEqual([2, 6, 7].map((number) => history.isVoid(number)), [true, false, true]);
  });
});
