import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import { create, equals, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import type { Kernel } from "../../runtime/kernel/host.ts";
import { type Everything, EverythingSchema } from "./proto/gen/everything_pb.ts";
import { encodeEverything, type EverythingFields } from "./proto/gen/everything_wire.ts";
import { applyAll, loadForTest, type Random, seeded } from "./kernel_under_test.ts";

const WORDS = [
  "",
  "a",
  "card",
  "a longer text of some sixty bytes, so that words are crossed",
  "é",
  "漢字",
  "🎉🎉",
  "\u0000",
];

function randomMessage(random: Random): MessageInitShape<typeof EverythingSchema> {
  const maybe = <T>(make: () => T): T | undefined => random.below(2) ? make() : undefined;
  const inner = () => ({
    name: random.pick(WORDS),
    value: random.i64(),
    marks: Array.from({ length: random.below(5) }, () => random.u32() >>> random.below(32)),
  });
  const leaf = () => ({ bytes: random.bytes(random.below(4)), number: random.below(9) - 4 });
  const plain = () => ({
    name: random.pick(WORDS),
    value: random.pick([0n, random.i64()]),
    maybe: maybe(() => random.below(3)),
    leaf: maybe(leaf),
    choice: random.pick([
      () => ({ case: undefined }),
      () => ({ case: "yes" as const, value: true }),
      () => ({ case: "other" as const, value: leaf() }),
    ])(),
  });
  const list = <T>(make: () => T): T[] => Array.from({ length: random.below(6) }, make);
  return {
    double: maybe(() => random.pick([-0, 0.1, Number(random.i64()), Infinity])),
    float: maybe(() => random.pick([-0, 0.5, -1e10, Infinity])),
    int32: maybe(() => Number(BigInt.asIntN(32, random.i64()))),
    int64: maybe(() => random.i64()),
    uint32: maybe(() => random.u32() >>> random.below(32)),
    uint64: maybe(() => BigInt.asUintN(64, random.i64())),
    sint32: maybe(() => Number(BigInt.asIntN(32, random.i64()))),
    sint64: maybe(() => random.i64()),
    fixed32: maybe(() => random.u32()),
    fixed64: maybe(() => random.u64()),
    sfixed32: maybe(() => random.u32() | 0),
    sfixed64: maybe(() => random.i64()),
    bool: maybe(() => true),
    string: maybe(() => random.pick(WORDS)),
    bytes: maybe(() => random.bytes(random.below(300))),
    colour: maybe(() => random.pick([0, 1, -1, 77])),
    inner: maybe(inner),
    maybe: maybe(() => random.pick([0n, random.i64()])),
    maybeText: maybe(() => random.pick(WORDS)),
    choice: random.pick([
      () => ({ case: undefined }),
      () => ({ case: "number" as const, value: random.pick([0n, random.i64()]) }),
      () => ({ case: "word" as const, value: random.pick(WORDS) }),
      () => ({ case: "deep" as const, value: inner() }),
      () => ({ case: "flat" as const, value: plain() }),
    ])(),
    plain: maybe(plain),
    packedNumbers: list(() => random.i64()),
    looseNumbers: list(() => Number(BigInt.asIntN(32, random.i64()))),
    packedFixed: list(() => random.u32()),
    words: list(() => random.pick(WORDS)),
    inners: list(inner),
    map: random.below(3) ? {} : { a: 1n, b: 2n },
    farField: maybe(() => 7),
  } as MessageInitShape<typeof EverythingSchema>;
}

/** What the kernel makes of bytes: the message it writes back, or its reject reason. */
function echo(kernel: Kernel, payloads: readonly Uint8Array[]): (Uint8Array | number)[] {
  const effects = applyAll(kernel, payloads.map((payload) => ({ payload })));
  assert.equal(effects.length, payloads.length);
  return effects.map((effect) => effect.reason || effect.payload);
}

/** Without what the kernel leaves out, maps and unknown fields; NaN, which equals nothing, becomes a number. */
function comparable(bytes: Uint8Array): Everything {
  const message = fromBinary(EverythingSchema, bytes, { readUnknownFields: false });
  message.map = {};
  if (Number.isNaN(message.double)) message.double = 12345;
  if (Number.isNaN(message.float)) message.float = 12345;
  return message;
}

describe("generated codecs", () => {
  it("read and write random messages as protobuf-es does", async () => {
    const random = seeded("codec");
    const kernel = (await loadForTest("echo")).instantiate();
    for (let batch = 0; batch < 40; batch++) {
      const payloads = Array.from(
        { length: 50 },
        () => toBinary(EverythingSchema, create(EverythingSchema, randomMessage(random))),
      );
      echo(kernel, payloads).forEach((answer, i) => {
        assert.ok(typeof answer !== "number", `reason ${answer} for ${payloads[i]}`);
        assert.ok(equals(EverythingSchema, comparable(answer), comparable(payloads[i])), `${payloads[i]}`);
      });
    }
  });

  it("merge what is given twice as protobuf-es does: fields, messages, oneofs and lists within", async () => {
    const random = seeded("merged messages");
    const kernel = (await loadForTest("echo")).instantiate();
    for (let batch = 0; batch < 40; batch++) {
      const payloads = Array.from({ length: 50 }, () => {
        const parts = Array.from(
          { length: 2 + random.below(3) },
          () => toBinary(EverythingSchema, create(EverythingSchema, { ...randomMessage(random), map: {} })),
        );
        return Uint8Array.from(parts.flatMap((part) => [...part]));
      });
      echo(kernel, payloads).forEach((answer, i) => {
        assert.ok(typeof answer !== "number", `reason ${answer} for ${payloads[i]}`);
        assert.ok(equals(EverythingSchema, comparable(answer), comparable(payloads[i])), `${payloads[i]}`);
      });
    }
  });

  it("join up to 32 KiB of messages with lists that are given twice, and refuse more", async () => {
    const kernel = (await loadForTest("echo")).instantiate();
    const inner = (length: number) =>
      toBinary(EverythingSchema, create(EverythingSchema, { inner: { name: "x".repeat(length) } }));
    const deep = (length: number) =>
      toBinary(
        EverythingSchema,
        create(EverythingSchema, { choice: { case: "deep", value: { name: "x".repeat(length) } } }),
      );
    const all = (...parts: Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));
    const [grown, both, tooMuch] = echo(kernel, [
      all(...Array.from({ length: 30 }, () => inner(500))), // 15 KB: each is joined to the run before it
      all(inner(3_000), deep(3_000), inner(10), deep(10)),
      all(inner(6_000), deep(6_000), ...Array.from({ length: 4 }, () => [inner(1), deep(1)]).flat()),
    ]);
    assert.deepEqual([typeof grown, typeof both], ["object", "object"]);
    assert.equal(tooMuch, 1);
  });

  it("skip unknown fields of every wire type, groups among them", async () => {
    const kernel = (await loadForTest("echo")).instantiate();
    const unknown = [[0xc0, 0x3e, 5], [0xc1, 0x3e, 1, 2, 3, 4, 5, 6, 7, 8], [0xc2, 0x3e, 2, 9, 9], [
      0xc3,
      0x3e,
      0x08,
      1,
      0xc3,
      0x3e,
      0xc4,
      0x3e,
      0xc4,
      0x3e,
    ], [0xc5, 0x3e, 1, 2, 3, 4]];
    const payloads = unknown.map((bytes) => Uint8Array.from([0x20, 42, ...bytes, 0x28, 7]));
    for (const answer of echo(kernel, payloads)) {
      assert.deepEqual(answer, Uint8Array.from([0x20, 42, 0x28, 7]));
    }
  });

  it("name what is wrong with malformed bytes", async () => {
    const kernel = (await loadForTest("echo")).instantiate();
    const cases: [number[], number][] = [
      [[0x20], 1], // truncated
      [[0x20, 0x80], 1],
      [[0x20, ...Array(10).fill(0x80), 1], 1], // overlong varint
      [[0x20, ...Array(9).fill(0xff), 2], 1], // past 64 bits
      [[0x22, 0], 1], // a known field in another wire type
      [[0x72, 5, 65], 1], // length past the end
      [[0x72, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], 1],
      [[0x00, 1], 1], // field number 0
      [[0xc4, 0x3e], 1], // the end of a group that never began
      [[0xc3, 0x3e, 0x08, 1], 1], // a group without end
      [Array(40).fill([0xc3, 0x3e]).flat(), 1], // groups too deep
      [[0x07], 1],
      [[0x8a, 0x01, 2, 0x08, 1], 1], // malformed within a message
      [[0x72, 1, 0xff], 11],
      [[0x72, 2, 0xc0, 0x80], 11], // overlong
      [[0x72, 3, 0xed, 0xa0, 0x80], 11], // a surrogate
      [[0x72, 4, 0xf4, 0x90, 0x80, 0x80], 11], // past U+10FFFF
      [[0x72, 2, 0xe6, 0xbc], 11], // cut short
      [[0x8a, 0x01, 3, 0x0a, 1, 0x80], 11], // within a message
      [[0xba, 0x01, 1, 0x80], 1], // within a packed list
      [[0xca, 0x01, 3, 1, 2, 3], 1],
    ];
    const answers = echo(kernel, cases.map(([bytes]) => Uint8Array.from(bytes)));
    assert.deepEqual(answers, cases.map(([, reason]) => reason));
  });

  it("never trap on mutated bytes, and take none that protobuf-es refuses or reads otherwise", async () => {
    const random = seeded("mutated messages");
    const kernel = (await loadForTest("echo")).instantiate();
    let taken = 0, refused = 0;
    for (let batch = 0; batch < 110; batch++) {
      const payloads = Array.from({ length: 200 }, () => mutate(random, batch));
      echo(kernel, payloads).forEach((answer, i) => {
        if (typeof answer === "number") {
          assert.ok(answer === 1 || answer === 11);
          refused++;
          return;
        }
        taken++;
        if (hasMap(payloads[i])) return; // kernels skip maps whole, so what is within may be malformed
        assert.ok(equals(EverythingSchema, comparable(answer), comparable(payloads[i])), `${payloads[i]}`);
      });
    }
    assert.ok(taken > 2000 && refused > 5000, `${taken} taken, ${refused} refused`);
  });

  it("write in TypeScript what protobuf-es reads", () => {
    const random = seeded("wire encoder");
    const out = new Uint8Array(8192);
    for (let i = 0; i < 3000; i++) {
      const message = create(EverythingSchema, { ...randomMessage(random), map: {} });
      const end = encodeEverything(flattened(message) as EverythingFields, out, 3);
      assert.ok(equals(EverythingSchema, fromBinary(EverythingSchema, out.subarray(3, end)), message));
    }
    assert.throws(() => encodeEverything({ bytes: new Uint8Array(100) }, new Uint8Array(50), 0), RangeError);
    assert.throws(
      () => encodeEverything({ inner: { name: "x".repeat(300) } }, new Uint8Array(100), 0),
      RangeError,
    );
  });
});

/** With the field of each oneof `choice` beside the others. */
function flattened(message: object): object {
  const entries = Object.entries(message).map(([name, value]) =>
    name === "plain" ? [name, value && flattened(value)] : [name, value]
  );
  const { choice, ...fields } = Object.fromEntries(entries);
  if (!choice?.case) return fields;
  return { ...fields, [choice.case]: choice.case === "flat" ? flattened(choice.value) : choice.value };
}

function hasMap(bytes: Uint8Array): boolean {
  return bytes.some((byte, i) => byte === 0xe2 && bytes[i + 1] === 0x01);
}

function mutate(random: Random, batch: number): Uint8Array {
  if (batch % 10 === 0) return random.bytes(random.below(60));
  let bytes = toBinary(EverythingSchema, create(EverythingSchema, { ...randomMessage(random), map: {} }));
  for (let n = 1 + random.below(3); n > 0 && bytes.length; n--) {
    const at = random.below(bytes.length);
    const kind = random.below(4);
    if (kind === 0) bytes = bytes.slice(0, at);
    else if (kind === 1) bytes[at] ^= 1 << random.below(8);
    else if (kind === 2) bytes[at] = random.below(256);
    else bytes = Uint8Array.from([...bytes.subarray(0, at), random.below(256), ...bytes.subarray(at)]);
  }
  return bytes;
}
