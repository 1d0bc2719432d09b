import { describe, it } from "@std/testing/bdd";
import assert from "node:assert/strict";
import process from "node:process";
import { create, type DescMessage, toBinary } from "@bufbuild/protobuf";
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { schema } from "../../tests/support/schema.ts";
import { BROADCAST, compileKey, KEY_BYTES_MAX, NO_KEY } from "./key.ts";
import { partitionOf } from "./partition.ts";
import { seedOf } from "../../tests/support/seed.ts";

const test = schema({
  Order: [
    { name: "new_order", number: 1, type: "NewOrder", oneof: "kind" },
    { name: "cancel", number: 2, type: "Cancel", oneof: "kind" },
    { name: "price", number: 3, type: "Price", oneof: "kind" },
    { name: "note", number: 4, type: "STRING" },
    { name: "tags", number: 5, type: "STRING", repeated: true },
    { name: "ratio", number: 6, type: "DOUBLE" },
  ],
  NewOrder: [
    { name: "account", number: 1, type: "STRING" },
    { name: "instrument", number: 2, type: "UINT32" },
    { name: "quantity", number: 20, type: "SINT64" },
  ],
  Cancel: [{ name: "account", number: 3, type: "STRING" }],
  Price: [{ name: "instrument", number: 1, type: "UINT32" }],
  Numbers: [
    { name: "i32", number: 1, type: "INT32" },
    { name: "i64", number: 2, type: "INT64" },
    { name: "u32", number: 3, type: "UINT32" },
    { name: "u64", number: 4, type: "UINT64" },
    { name: "s32", number: 5, type: "SINT32" },
    { name: "s64", number: 6, type: "SINT64" },
    { name: "f32", number: 7, type: "FIXED32" },
    { name: "f64", number: 8, type: "FIXED64" },
    { name: "sf32", number: 9, type: "SFIXED32" },
    { name: "sf64", number: 10, type: "SFIXED64" },
    { name: "colour", number: 11, type: "enum Colour" },
    { name: "maybe", number: 12, type: "INT32", optional: true },
    { name: "blob", number: 13, type: "BYTES" },
  ],
}, { Colour: { NONE: 0, RED: 1, BLUE: 300 } });
const Order = test.message("Order");
const Numbers = test.message("Numbers");

const text = (bytes: Uint8Array | string) =>
  typeof bytes === "string" ? bytes : new TextDecoder().decode(bytes);
const encode = (desc: DescMessage, value: object) => toBinary(desc, create(desc, value as never));
const orderKey = compileKey({
  name: "orders",
  input: Order,
  key: [["new_order.account", "new_order.instrument"], "cancel.account"],
  broadcast: ["price"],
});
const newOrder = (account: string, instrument: number) =>
  encode(Order, { note: "x", kind: { case: "newOrder", value: { account, instrument, quantity: -5n } } });

describe("the key of an event", () => {
  it("is found in nested fields, and joined with NUL where the path is a list", () => {
    assert.equal(text(orderKey.extract(newOrder("acc-1", 7))), "acc-1\u00007");
  });

  it("comes from the first path that is present", () => {
    const cancel = encode(Order, { kind: { case: "cancel", value: { account: "acc-2" } } });
    assert.equal(text(orderKey.extract(cancel)), "acc-2");
  });

  it("is absent where any field of its list is absent or empty", () => {
    assert.equal(orderKey.extract(newOrder("", 7)), "no-key");
    assert.equal(orderKey.extract(newOrder("acc-1", 0)), "no-key");
    assert.equal(orderKey.extract(new Uint8Array(0)), "no-key");
  });

  it("is every partition's for a broadcast field", () => {
    const price = encode(Order, { kind: { case: "price", value: { instrument: 7 } } });
    assert.equal(orderKey.extract(price), "broadcast");
    assert.equal(orderKey.partition(price, 8), BROADCAST);
    const emptyPrice = encode(Order, { kind: { case: "price", value: {} } });
    assert.equal(orderKey.extract(emptyPrice), "broadcast");
  });

  it("follows protobuf where a field occurs twice: the last wins, and another member of a oneof clears it", () => {
    const twice = join(newOrder("first", 1), newOrder("second", 0));
    assert.equal(text(orderKey.extract(twice)), "second\u00001");
    const cancel = encode(Order, { kind: { case: "cancel", value: { account: "acc-2" } } });
    assert.equal(text(orderKey.extract(join(newOrder("first", 1), cancel))), "acc-2");
    assert.equal(text(orderKey.extract(join(cancel, newOrder("first", 1)))), "first\u00001");
    const price = encode(Order, { kind: { case: "price", value: { instrument: 7 } } });
    assert.equal(text(orderKey.extract(join(price, cancel))), "acc-2");
  });

  it("is the decimal digits of an integer of any type", () => {
    const values = {
      i32: -7,
      i64: -(2n ** 63n),
      u32: 4294967295,
      u64: 2n ** 64n - 1n,
      s32: -2147483648,
      s64: 2n ** 63n - 1n,
      f32: 4294967295,
      f64: 2n ** 64n - 1n,
      sf32: -1,
      sf64: -(2n ** 63n),
      colour: 300,
    };
    const payload = encode(Numbers, values);
    for (const [field, value] of Object.entries(values)) {
      const key = compileKey({ name: "numbers", input: Numbers, key: [field] });
      assert.equal(text(key.extract(payload)), String(value), field);
    }
  });

  it("takes zero for a value only where the field has presence", () => {
    const maybe = compileKey({ name: "numbers", input: Numbers, key: ["maybe"] });
    assert.equal(text(maybe.extract(encode(Numbers, { maybe: 0 }))), "0");
    assert.equal(maybe.extract(encode(Numbers, {})), "no-key");
    const i32 = compileKey({ name: "numbers", input: Numbers, key: ["i32"] });
    assert.equal(i32.extract(new Uint8Array([0x08, 0x00])), "no-key");
  });

  it("may be the beginning of a field, and is absent when the field is shorter", () => {
    const bin = compileKey({ name: "n", input: Numbers, key: [["blob[0:6]", "u32"]] });
    const card = (digits: string) => encode(Numbers, { blob: new TextEncoder().encode(digits), u32: 9 });
    assert.equal(text(bin.extract(card("4111111234"))), "411111\u00009");
    assert.equal(text(bin.extract(card("411111"))), "411111\u00009");
    assert.equal(bin.extract(card("41111")), "no-key");
  });

  it("is absent when longer than a key may be", () => {
    assert.equal(
      (orderKey.extract(newOrder("k".repeat(KEY_BYTES_MAX - 2), 7)) as Uint8Array).length,
      KEY_BYTES_MAX,
    );
    assert.equal(orderKey.extract(newOrder("k".repeat(KEY_BYTES_MAX - 1), 7)), "no-key");
    assert.equal(orderKey.extract(newOrder("k".repeat(1 << 20), 7)), "no-key");
    const cancel = encode(Order, {
      kind: { case: "cancel", value: { account: "k".repeat(KEY_BYTES_MAX + 1) } },
    });
    assert.equal(orderKey.partition(cancel, 4), NO_KEY);
  });

  it("is found past fields of every wire type, groups among them", () => {
    const writer = new BinaryWriter();
    writer.tag(90, WireType.Varint).uint64(2n ** 64n - 1n);
    writer.tag(91, WireType.Bit64).fixed64(1n);
    writer.tag(92, WireType.LengthDelimited).string("skipped");
    writer.tag(93, WireType.Bit32).fixed32(1);
    writer.tag(94, WireType.StartGroup).tag(1, WireType.LengthDelimited).string("in the group");
    writer.tag(94, WireType.EndGroup);
    writer.raw(newOrder("acc-1", 7));
    writer.tag(536870911, WireType.Varint).uint32(1);
    assert.equal(text(orderKey.extract(writer.finish())), "acc-1\u00007");
  });

  it("has the partition that FNV-1a-32 mod n gives it", () => {
    const payload = newOrder("acc-1", 7);
    const key = orderKey.extract(payload) as Uint8Array;
    for (const n of [1, 2, 7, 64]) assert.equal(orderKey.partition(payload, n), partitionOf(key, n));
  });
});

describe("partitionOf", () => {
  it("agrees with the published FNV-1a-32 vectors", () => {
    const bytes = (value: string) => new TextEncoder().encode(value);
    assert.equal(partitionOf(bytes(""), 2 ** 32), 0x811c9dc5);
    assert.equal(partitionOf(bytes("a"), 2 ** 32), 0xe40c292c);
    assert.equal(partitionOf(bytes("foobar"), 2 ** 32), 0xbf9cf968);
  });
});

describe("a scan of malformed bytes", () => {
  it("never throws, never invents: it finds what the library's reader finds, or nothing", () => {
    const seed = seedOf(process.env, 1);
    console.log(`seed ${seed} (MILLRACE_SEED)`);
    const next = generator(seed);
    const base = [
      newOrder("acc-1", 7),
      encode(Order, { kind: { case: "cancel", value: { account: "acc-22" } } }),
      encode(Order, { kind: { case: "price", value: { instrument: 3 } } }),
      encode(Order, { note: "only", tags: ["a", "b"], ratio: 1.5 }),
    ];
    let compared = 0;
    for (let round = 0; round < 30_000; round++) {
      let bytes: Uint8Array = base[next(base.length)].slice();
      if (next(2) === 0) bytes = join(bytes, base[next(base.length)]);
      for (let n = next(3); n > 0; n--) bytes[next(bytes.length)] = next(256);
      if (next(4) === 0) bytes = bytes.slice(0, next(bytes.length + 1));
      const found = orderKey.extract(bytes);
      let expected;
      try {
        expected = naiveKey(bytes);
      } catch {
        assert.equal(found, "no-key", `seed ${seed}, round ${round}: ${bytes}`);
        continue;
      }
      compared++;
      assert.equal(
        typeof found === "string" ? found : latin1(found),
        expected,
        `seed ${seed}, round ${round}: ${bytes}`,
      );
    }
    assert.ok(compared > 5_000, `only ${compared} rounds were decodable`);
  });

  it("has no key where the bytes stop early, whatever the place", () => {
    const whole = newOrder("acc-1", 7);
    for (let length = 0; length < whole.length - 3; length++) {
      assert.equal(orderKey.extract(whole.subarray(0, length)), "no-key", `${length} of ${whole.length}`);
    }
  });
});

describe("a key that does not fit the schema is refused at start", () => {
  const cases: [string, Parameters<typeof compileKey>[0]["key"], RegExp][] = [
    ["an unknown field", ["acount"], /no field "acount"\. Its fields are: new_order, cancel/],
    ["a message", ["new_order"], /is a message\. Name a field inside it/],
    ["a repeated field", ["tags"], /"tags" is repeated/],
    ["a floating-point field", ["ratio"], /is a double\. Use a string/],
    ["a path through a scalar", ["note.length"], /"note" is not a message\. End the path at "note"/],
    ["a slice of a number", ["new_order.instrument[0:2]"], /not a string or bytes field/],
    ["an empty list", [[]], /empty list/],
  ];
  for (const [what, key, message] of cases) {
    it(`names ${what}`, () => {
      assert.throws(() => compileKey({ name: "orders", input: Order, key }), message);
      assert.throws(() => compileKey({ name: "orders", input: Order, key }), /pipeline "orders"/);
    });
  }
});

/** The key of an Order by the library's reader, field by field; throws where the bytes are malformed. */
function naiveKey(bytes: Uint8Array): string {
  let kind: "newOrder" | "cancel" | "price" | undefined;
  let account = "";
  let instrument = 0;
  for (const { number, value } of naiveFields(bytes)) {
    if (!(value instanceof Uint8Array) || number > 3) continue;
    const now = (["newOrder", "cancel", "price"] as const)[number - 1];
    if (now !== kind) [kind, account, instrument] = [now, "", 0];
    if (now === "price") continue; // its content is not looked at
    for (const inner of naiveFields(value)) {
      const isText = inner.value instanceof Uint8Array;
      if (isText && inner.number === (now === "newOrder" ? 1 : 3)) {
        account = latin1(inner.value as Uint8Array);
      }
      if (!isText && inner.wire === WireType.Varint && inner.number === 2) {
        instrument = Number(BigInt.asUintN(32, inner.value as bigint));
      }
    }
  }
  if (kind === "price") return "broadcast";
  if (account === "" || (kind === "newOrder" && instrument === 0)) return "no-key";
  return kind === "newOrder" ? `${account}\u0000${instrument}` : account;
}

function* naiveFields(
  bytes: Uint8Array,
): Generator<{ number: number; wire: WireType; value: Uint8Array | bigint }> {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, wire] = reader.tag();
    if (wire === WireType.Varint) yield { number, wire, value: BigInt(reader.uint64()) };
    else if (wire === WireType.LengthDelimited) yield { number, wire, value: reader.bytes() };
    else reader.skip(wire, number);
    if (reader.pos > reader.len) throw new Error("read past the end");
  }
}

const latin1 = (bytes: Uint8Array) => String.fromCharCode(...bytes);

function join(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}

/** Mulberry32. */
function generator(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}
