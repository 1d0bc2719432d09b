/** The mailbox: bounded, first in first out, held against a plain array. */
import { describe, it } from "@std/testing/bdd";
import assert from "node:assert/strict";
import process from "node:process";
import { Mailbox, type Waiting } from "./mailbox.ts";
import { EVENT_KIND, EventCursor } from "./records.ts";
import { seedOf } from "../../tests/support/seed.ts";

const unheard = () => {};

describe("a mailbox", () => {
  it("answers false beyond its bounds and keeps nothing of what it refused", () => {
    const byCount = new Mailbox({ eventsMax: 2, bytesMax: 1000 });
    assert.deepEqual([1, 2, 3].map((value) => byCount.put(payload(value), undefined, unheard)), [
      true,
      true,
      false,
    ]);
    assert.equal(byCount.events, 2);
    const byBytes = new Mailbox({ eventsMax: 100, bytesMax: 10 });
    assert.equal(byBytes.put(new Uint8Array(20), undefined, unheard), true);
    assert.equal(byBytes.put(payload(1), undefined, unheard), false);
  });

  it("gives events in order whatever is put, taken and put back", () => {
    const seed = seedOf(process.env, 7);
    let state = seed;
    const random = (below: number) => (state = (state * 1103515245 + 12345) % 2147483648) % below;
    const mailbox = new Mailbox({ eventsMax: 500, bytesMax: 1 << 20 });
    const model: number[] = [];
    let next = 0;
    for (let step = 0; step < 20_000; step++) {
      const action = random(10);
      if (action < 6) {
        const put = mailbox.put(payload(next, random(300)), undefined, unheard);
        assert.equal(put, model.length < 500, `seed ${seed}`);
        if (put) model.push(next);
        next++;
      } else if (mailbox.events > 0) {
        const region = mailbox.peek(1 + random(3000));
        const values = read(region);
        assert.deepEqual(values, model.slice(0, values.length), `seed ${seed}, step ${step}`);
        const copy = region.slice();
        const taken: Waiting[] = mailbox.take(values.length, region.length);
        if (action === 9) mailbox.putBack(copy, taken);
        else model.splice(0, values.length);
      }
      assert.equal(mailbox.events, model.length, `seed ${seed}, step ${step}`);
    }
  });

  it("quarantines the event that trapped twice and leaves its neighbours as they were", () => {
    const mailbox = new Mailbox({ eventsMax: 10, bytesMax: 1000 });
    for (const value of [1, 2, 3]) mailbox.put(payload(value), { id: payload(value) }, unheard);
    assert.equal(mailbox.trapped(1), "retry");
    assert.equal(mailbox.trapped(1), "quarantined");
    const cursor = new EventCursor(mailbox.peek(1000));
    const seen: [number, number, number][] = [];
    while (cursor.next()) seen.push([view(cursor.payload), cursor.kind, view(cursor.id)]);
    assert.deepEqual(seen, [[1, 0, 1], [2, EVENT_KIND.QUARANTINED, 2], [3, 0, 3]]);
    assert.equal(mailbox.take(3, mailbox.bytes).length, 3);
    assert.equal(mailbox.bytes, 0);
  });
});

function payload(value: number, padding = 0): Uint8Array {
  const bytes = new Uint8Array(4 + padding);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

function view(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
}

function read(region: Uint8Array): number[] {
  const cursor = new EventCursor(region);
  const values: number[] = [];
  while (cursor.next()) values.push(view(cursor.payload));
  return values;
}
