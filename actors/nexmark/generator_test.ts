import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import { fromBinary } from "@bufbuild/protobuf";
import { nexmark, START_AT, timeOf } from "./generator.ts";
import { EventSchema } from "./gen/nexmark_pb.ts";
import { encodeEvent } from "./gen/nexmark_wire.ts";
import { JavaRandom } from "./java_random.ts";

describe("java.util.Random", () => {
  it("draws what Java draws", () => {
    const random = new JavaRandom();
    assert.deepEqual([random.seed(42).nextInt32(), random.nextInt32()], [-1170105035, 234785527]);
    random.seed(42);
    assert.deepEqual(Array.from({ length: 5 }, () => random.nextInt(10)), [0, 3, 8, 4, 0]);
    assert.equal(random.seed(42).nextDouble(), 0.7275636800328681);
    assert.equal(random.seed(0).nextDouble(), 0.730967787376657);
  });

  it("agrees with its definition in whole numbers, for large seeds too", () => {
    const mask = (1n << 48n) - 1n;
    for (const seed of [0, 1, 99_999, 2 ** 31, 2 ** 40 + 7, 2 ** 53 - 1]) {
      const random = new JavaRandom().seed(seed);
      let state = (BigInt(seed) ^ 0x5deece66dn) & mask;
      for (let draw = 0; draw < 100; draw++) {
        state = (state * 0x5deece66dn + 0xbn) & mask;
        assert.equal(random.nextInt32(), Number(BigInt.asIntN(32, state >> 16n)));
      }
    }
  });
});

describe("the Nexmark generator", () => {
  it("makes one person, three auctions and 46 bids of every fifty events", () => {
    const kinds = [...nexmark({ events: 100 })].map(({ person, auction }) =>
      person ? "p" : auction ? "a" : "b"
    );
    assert.equal(kinds.join(""), `paaa${"b".repeat(46)}`.repeat(2));
  });

  it("gives ids from 1000 on, each once, and bids that name auctions near them", () => {
    const events = [...nexmark({ events: 5000 })];
    const ids = events.flatMap(({ auction }) => auction ? [auction.id] : []);
    assert.deepEqual(ids, Array.from({ length: 300 }, (_, index) => 1000 + index));
    for (const { bid } of events) {
      if (bid) assert.ok(bid.auction >= 1000 && bid.auction <= 1299 + 10);
    }
  });

  it("moves event time by a tenth of a millisecond an event, whatever the number of generators", () => {
    for (const generators of [1, 10]) {
      const times = [...nexmark({ events: 20_000, generators })].map(timeOf);
      assert.deepEqual(times, times.toSorted((a, b) => a - b));
      assert.equal(times[0], START_AT);
      assert.equal(times.at(-1), START_AT + 1_999_000);
    }
  });

  it("scrambles the order within groups, and the events stay the same", () => {
    const sorted = [...nexmark({ events: 2000 })];
    const scrambled = [...nexmark({ events: 2000, outOfOrderGroup: 1000 })];
    assert.notDeepEqual(scrambled.map(timeOf), sorted.map(timeOf));
    const bids = (events: typeof sorted) =>
      events.flatMap(({ bid }) => bid ? [JSON.stringify(bid)] : []).sort();
    assert.deepEqual(bids(scrambled), bids(sorted));
  });

  it("makes events that encode as they are", () => {
    const out = new Uint8Array(4096);
    for (const event of nexmark({ events: 60 })) {
      const decoded = fromBinary(EventSchema, out.subarray(0, encodeEvent(event, out, 0))).event;
      const { $typeName: _, ...fields } = decoded.value!;
      const numbers = Object.fromEntries(
        Object.entries(fields).map((
          [name, value],
        ) => [name, typeof value === "bigint" ? Number(value) : value]),
      );
      assert.deepEqual(numbers, event[decoded.case!]);
    }
  });
});
