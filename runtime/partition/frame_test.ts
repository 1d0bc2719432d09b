/** The frame as bytes: round trips, unknown fields, damage named by position and hashes. */
import { describe, it } from "@std/testing/bdd";
import assert from "node:assert/strict";
import { hex, sha256 } from "../hash.ts";
import { BrokenFrame, checkFollows, decodeFrame, encodeFrame, NO_CHAIN } from "./frame.ts";
import { encodeEvent } from "./mailbox.ts";
import { countRecords, EventCursor } from "./records.ts";

const kernel = sha256(new Uint8Array([1]));
const head = {
  epoch: 3,
  number: 2 ** 40,
  clock: 1_763_000_000_123_456,
  kernel,
  previous: NO_CHAIN,
  positions: [{ source: "payments/7", sequence: 2 ** 52 }, { source: "a", sequence: 1 }],
  outputs: ["alerts", "größen"],
};
const events = join([
  encodeEvent(bytes(1, 2, 3), { id: bytes(9), source: bytes(65), sequence: 12, kind: 0 }),
  encodeEvent(bytes(), {}),
]);
const effects = bytes(0x42, 2, 0x08, 1);

describe("a frame", () => {
  it("comes back as it went in", () => {
    const { message, chain } = encodeFrame(head, events, effects);
    const frame = decodeFrame(message, "here");
    assert.deepEqual({ ...frame, positions: [...frame.positions] }, { ...head, events, effects, chain });
    assert.equal(countRecords(frame.events), 2);
    const cursor = new EventCursor(frame.events);
    assert.ok(cursor.next());
    assert.deepEqual([...cursor.payload, ...cursor.id, ...cursor.source, cursor.sequence], [
      1,
      2,
      3,
      9,
      65,
      12,
    ]);
  });

  it("keeps fields it does not know under its hash, and reads past them", () => {
    const { message } = encodeFrame(head, events, effects);
    const body = join([message.subarray(0, message.length - 34), bytes(0x62, 2, 7, 7, 0x68, 0x05)]);
    const extended = join([body, bytes(0x7a, 32), sha256(body)]);
    assert.deepEqual(decodeFrame(extended, "here").events, events);
  });

  it("gathers events that another writer left apart", () => {
    const first = encodeEvent(bytes(1), {}), second = encodeEvent(bytes(2), {});
    const body = join([bytes(0x08, 1, 0x10, 1), first, effects, second]);
    const frame = decodeFrame(join([body, bytes(0x7a, 32), sha256(body)]), "here");
    assert.deepEqual(frame.events, join([first, second]));
    assert.deepEqual(frame.effects, effects);
  });

  it("is refused for any flipped bit and any truncation, never read as something else", () => {
    const { message } = encodeFrame(head, events, effects);
    for (let at = 0; at < message.length; at++) {
      const damaged = message.slice();
      damaged[at] ^= 1 << (at % 8);
      assert.throws(() => decodeFrame(damaged, "frame 7 of tally-0"), BrokenFrame);
      assert.throws(() => decodeFrame(message.subarray(0, at), "frame 7 of tally-0"), /frame 7 of tally-0/);
    }
  });

  it("names the place and both hashes when the chain is broken", () => {
    const { message, chain } = encodeFrame(head, events, effects);
    const frame = decodeFrame(message, "here");
    checkFollows(frame, NO_CHAIN, "frame 7 of tally-0");
    assert.throws(() => checkFollows(frame, chain, "frame 7 of tally-0"), (error: Error) => {
      assert.ok(error instanceof BrokenFrame);
      return [/frame 7 of tally-0/, new RegExp(hex(NO_CHAIN)), new RegExp(hex(chain))].every((it) =>
        it.test(error.message)
      );
    });
  });
});

function bytes(...values: number[]): Uint8Array {
  return new Uint8Array(values);
}

function join(parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}
