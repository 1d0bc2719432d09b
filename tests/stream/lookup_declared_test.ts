import assert from "node:assert/strict";
import process from "node:process";
import { describe, it } from "@std/testing/bdd";
import { create, type DescMessage, fromBinary, toBinary } from "@bufbuild/protobuf";
import { BidSchema, EventSchema, PersonSchema } from "../../actors/nexmark/gen/nexmark_pb.ts";
import { ProfileSchema } from "../../actors/profiles/gen/profile_pb.ts";
import { type Seeded, seeded } from "../../actors/random.ts";
import { seedOf } from "../support/seed.ts";
import { TallySchema } from "../../actors/tally/gen/tally_pb.ts";
import {
  assembly,
  bounded,
  compile,
  count,
  explain,
  fedBy,
  lookupSource,
  lookupTable,
  pipeline,
  source,
  sum,
  tumbling,
  variant,
} from "../../runtime/mod.ts";
import { LookupEvents } from "../../runtime/ingress/lookup_event.ts";
import { recordedBy } from "../support/recorded.ts";

const seed = seedOf(process.env, 20261127);
const profiles = lookupTable(ProfileSchema, {
  key: (row) => row.user,
  rows: [{ user: "ann", city: "Oslo", level: 3 }, { user: "", city: "nobody's" }],
});
const byLevel = lookupTable(ProfileSchema, {
  name: "levels",
  key: (row) => row.level,
  rows: new Map([[3n, { city: "three" }], [-3n, { city: "minus three" }]]),
});
const timed = () => source(TallySchema, { eventTime: (e) => e.at, watermark: bounded("10s") });
const events = () => pipeline("looks", { events: timed() });

describe("a lookup that cannot work", () => {
  const cases: [string, () => unknown, RegExp][] = [
    [
      "a key of another type",
      // @ts-expect-error: text is wanted, and an integer given
      () => events().lookup("profile", profiles, { key: (e) => e.amount }),
      /"looks" \(\.lookup "profile", step 1\): the key is of type i64, and Profile is keyed by millrace\.profiles\.v1\.Profile\.user of type text/,
    ],
    [
      "a field of the event that does not exist",
      // @ts-expect-error: there is no such field
      () => events().lookup("profile", profiles, { key: (e) => e.kee }),
      /\(\.lookup "profile", step 1\): Cannot find field "kee" in millrace\.tally\.v1\.Tally: it has key/,
    ],
    [
      "a field of the row that does not exist",
      // @ts-expect-error: there is no such field
      () => events().lookup("profile", profiles, { key: (e) => e.key }).filter((e) => e.profile.town.eq("x")),
      /\(\.filter, step 2\): Cannot find field "town" in millrace\.profiles\.v1\.Profile: it has user, city/,
    ],
    [
      "a key that only a kernel can compute",
      () =>
        events().lookup("level", byLevel, {
          key: (e) => assembly("export function f(x: i64): i64 { return x; }", "f").i64(e.amount),
        }),
      /the key is made with f\(\), which only a kernel can evaluate\. A key is a field of the event/,
    ],
    [
      "a key that another lookup finds",
      () =>
        events().lookup("profile", profiles, { key: (e) => e.key })
          .lookup("level", byLevel, { key: (e) => e.profile.level }),
      /the key is made of what lookup "profile" finds, and both are asked for at once/,
    ],
    [
      "a place that is not behind the source",
      () =>
        events().filter((e) => e.amount.gt(1)).map((e) => ({ key: e.key })).lookup("profile", profiles, {
          key: (e) => e.key,
        }),
      /it does not stand behind a source\. What is looked up is recorded with the event: put \.lookup\(…\) directly/,
    ],
    [
      "rows that may be taken back",
      () => {
        const counts = events().key((e) => e.key).aggregate({ n: count() }, { ttl: "1h" }).to("counts");
        return pipeline("again", { counts: fedBy(counts, "counts", { eventTime: (row) => row.n }) })
          .lookup("profile", profiles, { key: (row) => row.key });
      },
      /rows of its source may be taken back, and would come back with another answer\. Look up in the pipeline before/,
    ],
    [
      "a name that the event has",
      () => events().lookup("note", profiles, { key: (e) => e.key }),
      /millrace\.tally\.v1\.Tally has a field "note"\. Give the lookup another name/,
    ],
    [
      "a name that is none",
      () => events().lookup("the-profile", profiles, { key: (e) => e.key }),
      /"the-profile" is no name/,
    ],
    [
      "no room at all",
      () => events().lookup("profile", profiles, { key: (e) => e.key, batch: 0 }),
      /batch is 0\. Give a whole number of at least 1/,
    ],
    [
      "a row that is found by no field of it",
      () => lookupSource(ProfileSchema, { key: (row) => row.level.add(1), load: () => Promise.resolve([]) }),
      /Cannot look up millrace\.profiles\.v1\.Profile: its key is no field of the row/,
    ],
    [
      "partitions by what is known only behind them",
      () =>
        compile(
          pipeline("looks", { events: timed() }, ({ events }) =>
            events.lookup("profile", profiles, {
              key: (e) => e.key,
            }).key((e) => e.profile.city)
              .window(tumbling("1m")).aggregate({ n: count() }).to("out"), { partitions: 3 }),
        ),
      /it has 3 partitions by profile\.city, which is known only when an event has reached its partition/,
    ],
  ];
  for (const [what, declare, message] of cases) {
    it(`is refused for ${what}, with the place and the fix`, () => assert.throws(declare, message));
  }
});

describe("a lookup that is declared", () => {
  it("is told by explain: what is asked, for how long it is believed, and what becomes of the rest", () => {
    const compiled = compile(
      events().lookup("profile", profiles, { key: (e) => e.key.concat("x"), ttl: "5m", kind: "inner" })
        .key((e) => e.profile.city).window(tumbling("1m")).aggregate({ n: count() }).to("out"),
    );
    const text = explain(compiled, { keys: 1000, wasmBytes: 1000 }).join("\n");
    assert.match(
      text,
      /looks up profile in Profile by \(key concat "x"\) \(inner\); 256 keys a call within 2ms; believed for 5m; 100,000 answers and 68 MB at most; without an answer in 1s it is asked for again, and what came later waits; recorded as field \d+/,
    );
    assert.match(text, /filter profileFound/);
  });

  it("has the same place in the event whatever stands around it", () => {
    const fieldOf = (names: readonly string[]) => {
      let stream = events() as ReturnType<typeof events>;
      for (const name of names) stream = stream.lookup(name, profiles, { key: (e) => e.key }) as never;
      const { of } = compile(stream.map((e) => ({ key: e.key })).to("out")).pipeline.lookups!;
      return of.find(({ name }) => name === "second")!.field;
    };
    assert.equal(fieldOf(["first", "second"]), fieldOf(["second"]));
    assert.equal(fieldOf(["second", "third", "first"]), fieldOf(["second"]));
  });

  it("is keyed by fields, and by integers and text made of them", () => {
    const { pipeline: made } = compile(
      events()
        .lookup("plain", profiles, { key: (e) => e.key })
        .lookup("joined", profiles, { key: (e) => e.note.concat("n").concat("n") })
        .lookup("level", byLevel, { key: (e) => e.amount.mul(2).sub(7).add(1).idiv(2) })
        .lookup("rest", byLevel, { key: (e) => e.amount.mod(4) })
        .lookup("beyond", byLevel, { key: (e) => e.amount.idiv(e.at) })
        .map((e) => ({ key: e.key })).to("out"),
    );
    const recorded = (fields: { key?: string; note?: string; amount?: bigint; at?: bigint }) => {
      const payload = toBinary(TallySchema, create(TallySchema, fields));
      const event = fromBinary(made.input, recordedBy(made)(payload)) as unknown as Record<
        string,
        { city: string }
      >;
      return ["plain", "joined", "level", "rest", "beyond"].map((name) => event[name]?.city);
    };
    assert.deepEqual(
      recorded({ key: "ann", note: "a", amount: 6n, at: 2n }),
      ["Oslo", "Oslo", "three", undefined, "three"],
    );
    assert.deepEqual(recorded({ amount: -7n }), ["nobody's", undefined, undefined, "minus three", undefined]);
    assert.deepEqual(recorded({ amount: 2n ** 62n }), [
      "nobody's",
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe(`what is looked up, in the bytes of events (MILLRACE_SEED=${seed})`, () => {
  const whole = compile(
    events().lookup("profile", profiles, { key: (e) => e.key }).lookup("level", byLevel, {
      key: (e) => e.amount,
    })
      .map((e) => ({ key: e.key })).to("out"),
  ).pipeline;
  const variants = compile(
    pipeline("some", {
      bids: source(variant(EventSchema, "bid", BidSchema)),
      people: source(variant(EventSchema, "person", PersonSchema)),
    }, ({ bids, people }) => [
      bids.lookup("profile", profiles, { key: (bid) => bid.channel }).to("bids"),
      people.key((person) => person.name).aggregate({ n: sum((person) => person.id) }, { ttl: "1h" }).to(
        "people",
      ),
    ]),
  ).pipeline;

  it("stands behind the event's own fields, and nothing of the sender's with it", () => {
    const random = seeded(seed);
    for (let round = 0; round < 2000; round++) {
      const key = random.pick(["ann", "bob", ""]), amount = BigInt(random.pick([3, -3, 8]));
      const own = toBinary(
        TallySchema,
        create(TallySchema, { key, amount, note: "n".repeat(random.int(0, 300)) }),
      );
      const payload = scattered(random, own, forgedIn(random, whole.input));
      const event = fromBinary(whole.input, recordedBy(whole)(payload)) as unknown as Looked;
      const found = fromBinary(TallySchema, own);
      assert.deepEqual([event.key, event.amount, event.note], [found.key, found.amount, found.note]);
      assert.equal(event.profile?.city, key === "ann" ? "Oslo" : key === "" ? "nobody's" : undefined);
      assert.equal(event.level?.city, amount === 3n ? "three" : amount === -3n ? "minus three" : undefined);
      assert.deepEqual([event.profileFound, event.levelFound], [key !== "bob", amount !== 8n]);
      assert.deepEqual([event.profileTimedOut, event.levelTimedOut], [false, false]);
      assert.deepEqual(new LookupEvents(whole.lookups!).bare(payload), own);
    }
  });

  it("stands in the one variant that an envelope holds, which is the last", () => {
    const random = seeded(seed + 1);
    for (let round = 0; round < 1000; round++) {
      const channel = random.pick(["ann", "bob"]);
      const bidBytes = toBinary(
        BidSchema,
        create(BidSchema, { channel, price: 5n, url: "u".repeat(random.int(0, 200)) }),
      );
      const forged = scattered(random, bidBytes, forgedIn(random, variants.input.fields[2].message!));
      const bid = within(3, forged);
      const person = toBinary(
        EventSchema,
        create(EventSchema, { event: { case: "person", value: { id: 1n } } }),
      );
      const other = within(3, toBinary(BidSchema, create(BidSchema, { channel: "ann", price: 9n })));
      const before = random.pick([[], [person], [other], [person, other], [other, person]]);
      const recorded = recordedBy(variants)(Uint8Array.from([...before, bid].flatMap((part) => [...part])));
      const { event } = fromBinary(variants.input, recorded) as unknown as {
        event: { case: string; value: Looked };
      };
      assert.equal(event.case, "bid");
      assert.deepEqual([event.value.price, event.value.channel], [5n, channel]);
      assert.deepEqual(
        [event.value.profile?.city, event.value.profileFound],
        channel === "ann" ? ["Oslo", true] : [undefined, false],
      );
      const alone = recordedBy(variants)(person);
      assert.deepEqual(alone, person);
    }
  });
});

interface Looked {
  readonly key: string;
  readonly amount: bigint;
  readonly note: string;
  readonly price: bigint;
  readonly channel: string;
  readonly profile?: { city: string };
  readonly level?: { city: string };
  readonly profileFound: boolean;
  readonly levelFound: boolean;
  readonly profileTimedOut: boolean;
  readonly levelTimedOut: boolean;
}

/** Fields of lookups as a sender might claim them, each alone. */
function forgedIn(random: Seeded, message: DescMessage): Uint8Array[] {
  const claims = [
    { profile: { city: "forged" } },
    { profileFound: true },
    { profileTimedOut: true },
    ...message.fields.some(({ localName }) => localName === "level")
      ? [{ level: {} }, { levelFound: true }]
      : [],
  ];
  return claims.filter(() => random.chance(0.5)).map((claim) =>
    toBinary(message, create(message, claim as never))
  );
}

/** The forged fields before, between and behind the fields of a message. */
function scattered(random: Seeded, message: Uint8Array, forged: readonly Uint8Array[]): Uint8Array {
  let cut = 0;
  const fields: Uint8Array[] = [];
  while (cut < message.length) {
    const from = cut;
    const wire = message[cut++] & 7;
    if (wire === 2) {
      let length = 0;
      for (let shift = 0;; shift += 7) {
        length |= (message[cut] & 127) << shift;
        if (message[cut++] < 128) break;
      }
      cut += length;
    } else while (message[cut++] >= 128);
    fields.push(message.subarray(from, cut));
  }
  for (const each of forged) fields.splice(random.int(0, fields.length), 0, each);
  return Uint8Array.from(fields.flatMap((field) => [...field]));
}

function within(number: number, message: Uint8Array): Uint8Array {
  const length: number[] = [];
  let left = message.length;
  for (; left > 127; left >>>= 7) length.push(left & 127 | 128);
  return Uint8Array.of(number << 3 | 2, ...length, left, ...message);
}
