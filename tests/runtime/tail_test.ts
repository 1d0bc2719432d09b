/** The highest epoch of a chain, found from its end: whoever owned, and whatever late frames they left behind. */
import assert from "node:assert/strict";
import process from "node:process";
import { describe, it } from "@std/testing/bdd";
import { type Seeded, seeded } from "../../actors/random.ts";
import { encodeFrame } from "../../runtime/partition/frame.ts";
import { encodeEvent } from "../../runtime/partition/mailbox.ts";
import { readTail, TAIL_FRAMES } from "../../runtime/partition/recover.ts";
import type { Chain } from "../../runtime/world/mod.ts";
import { seedOf } from "../support/seed.ts";
import { memoryWorld } from "../support/world.ts";

const seed = seedOf(process.env, 20261122);
const HASH = new Uint8Array(32), NOTHING = new Uint8Array(0);
const CHAINS = 200;

interface Sketch {
  readonly epoch: number;
  readonly clock: number;
  /** Of its one event; none where it begins an epoch. */
  readonly eventBytes?: number;
}

async function chainOf(sketches: readonly Sketch[]): Promise<Chain> {
  const chain = await memoryWorld().ledger.open("tail-0");
  for (const [after, { epoch, clock, eventBytes }] of sketches.entries()) {
    const head = { epoch, number: after + 1, clock, kernel: HASH, previous: HASH, positions: [] };
    const events = eventBytes === undefined ? NOTHING : encodeEvent(new Uint8Array(eventBytes), {});
    assert.equal((await chain.append(after, encodeFrame(head, events, NOTHING).message)).kind, "stored");
  }
  return chain;
}

/** Owners follow each other. Each read all before its first frame; late frames of those before may come behind it. */
function drawn(random: Seeded): Sketch[] {
  const sketches: Sketch[] = [];
  const length = random.int(1, TAIL_FRAMES);
  let epoch = 0, clock = 0;
  while (sketches.length < length) {
    if (epoch === 0 || random.chance(0.1)) {
      clock = Math.max(clock, ...sketches.map((each) => each.clock)) + random.int(0, 5);
      sketches.push({ epoch: ++epoch, clock });
    } else {
      const isLate = epoch > 1 && random.chance(0.3);
      clock += isLate ? 0 : random.int(0, 5);
      const at = isLate ? clock + random.int(-50, 50) : clock; // clocks of machines differ
      const eventBytes = random.pick([10, 900, 4000]);
      sketches.push({ epoch: isLate ? random.int(1, epoch - 1) : epoch, clock: Math.max(1, at), eventBytes });
    }
  }
  return sketches;
}

describe(`the end of a chain (MILLRACE_SEED=${seed})`, () => {
  it(`tells the highest epoch and the highest clock of ${CHAINS} chains`, async () => {
    const random = seeded(`tail ${seed}`);
    for (let i = 0; i < CHAINS; i++) {
      const sketches = drawn(random);
      const highest = {
        epoch: Math.max(...sketches.map(({ epoch }) => epoch)),
        clock: Math.max(...sketches.map(({ clock }) => clock)),
      };
      assert.deepEqual(await readTail(await chainOf(sketches), sketches.length), highest, `chain ${i}`);
    }
  });

  it("is read no further back than to where the newest epoch began", async () => {
    const chain = await chainOf([
      { epoch: 1, clock: 10 },
      { epoch: 1, clock: 11, eventBytes: 10 },
      { epoch: 2, clock: 12 },
      { epoch: 1, clock: 30, eventBytes: 10 },
      { epoch: 2, clock: 13, eventBytes: 10 },
    ]);
    const damaged = (sequence: number): Chain => ({
      ...chain,
      async *read(from, to) {
        for await (const stored of chain.read(from, to)) {
          const message = stored.message.slice();
          if (stored.sequence === sequence) message[5] ^= 1;
          yield { ...stored, message };
        }
      },
    });
    assert.deepEqual(await readTail(damaged(2), 5), { epoch: 2, clock: 30 });
    for (const sequence of [3, 4, 5]) {
      await assert.rejects(readTail(damaged(sequence), 5), new RegExp(`frame ${sequence} .*damaged`));
    }
  });
});
