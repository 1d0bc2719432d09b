import { describe, it } from "@std/testing/bdd";
import assert from "node:assert/strict";
import process from "node:process";
import {
  type DescField,
  type DescMessage,
  fromJson,
  type JsonValue,
  ScalarType,
  toBinary,
} from "@bufbuild/protobuf";
import { OrderEventSchema } from "../../actors/orders/gen/order_pb.ts";
import { PaymentEventSchema } from "../../actors/payments/gen/payment_pb.ts";
import { type Seeded, seeded } from "../../actors/random.ts";
import { seedOf } from "../../tests/support/seed.ts";
import { EverythingSchema } from "../../tests/properties/proto/gen/everything_pb.ts";
import { encodePlain } from "./json_fast.ts";

const seed = seedOf(process.env, 1);
const TEXTS = ["", "a", "431940", "x".repeat(127), "y".repeat(300), "é", "\ud800", "\u0000", "0", "true"];
const NUMBERS = [
  0,
  -0,
  1,
  -1,
  127,
  128,
  2 ** 31 - 1,
  2 ** 31,
  -(2 ** 31),
  2 ** 32 - 1,
  2 ** 32,
  2 ** 53 - 1,
  1.5,
  1e21,
];
const DIGITS = [
  "0",
  "5",
  "00",
  "-1",
  "01",
  "1e3",
  " 1",
  "999999999999999",
  "1700000000000000",
  "9007199254740991",
  "9007199254740993",
  "18446744073709551615",
];
const ODD: JsonValue[] = [null, [], {}, true, "text", 3, [1], { a: 1 }];

/** A value for a field, mostly one that fits. */
function valueFor(random: Seeded, field: DescField, depth: number): JsonValue {
  if (random.chance(0.03)) return random.pick(ODD);
  switch (field.fieldKind) {
    case "message":
      return messageFor(random, field.message, depth + 1);
    case "enum":
      return random.pick([...field.enum.values.map(({ name }) => name), 0, 1, 2, 77, -1, "NONE_SUCH"]);
    case "list":
      return [random.int(0, 5)];
    case "map":
      return { a: random.int(0, 5) };
    case "scalar":
      switch (field.scalar) {
        case ScalarType.STRING:
        case ScalarType.BYTES:
          return random.pick(TEXTS);
        case ScalarType.BOOL:
          return random.chance(0.5);
        default:
          return random.chance(0.8) ? random.int(0, 1000) : random.pick([...NUMBERS, ...DIGITS]);
      }
  }
}

function messageFor(random: Seeded, desc: DescMessage, depth = 0): Record<string, JsonValue> {
  const json: Record<string, JsonValue> = {};
  const many = depth > 3 ? 0 : random.int(0, Math.min(6, desc.fields.length));
  for (let i = 0; i < many; i++) {
    const field = random.pick(desc.fields);
    json[random.chance(0.8) ? field.jsonName : field.name] = valueFor(random, field, depth);
  }
  if (random.chance(0.02)) json[random.pick(["unknown", "toString", "__proto__x"])] = 1;
  return json;
}

describe(`plain JSON (seed ${seed})`, () => {
  for (const desc of [PaymentEventSchema, OrderEventSchema, EverythingSchema] as DescMessage[]) {
    it(`of ${desc.name} comes to the bytes that protobuf's own mapping makes, or is left to it`, () => {
      const random = seeded(`plain JSON ${desc.name} ${seed}`);
      let plain = 0;
      for (let i = 0; i < 20_000; i++) {
        const json = JSON.parse(JSON.stringify(messageFor(random, desc)));
        const bytes = encodePlain(desc, json);
        if (bytes === undefined) continue;
        plain++;
        assert.deepEqual(bytes, toBinary(desc, fromJson(desc, json)), JSON.stringify(json));
      }
      assert.ok(plain > 1000, `only ${plain} of 20,000 were plain`);
    });
  }

  it("of an ordinary event does not take the other way, nor does one that is too large or too deep go wrong", () => {
    const payment = {
      card: "4319400000000001",
      bin: "431940",
      amount: "1200",
      at: "1700000000000000",
      channel: "CARD_PRESENT",
    };
    assert.ok(
      encodePlain(PaymentEventSchema, {
        payment: { ...payment, latitude: -12_970_000, longitude: 77_590_000 },
      }),
    );
    for (let length = 16_000; length < 17_000; length += 7) {
      const json = { payment: { ...payment, card: "4".repeat(length) } };
      const bytes = encodePlain(PaymentEventSchema, json);
      if (bytes) assert.deepEqual(bytes, toBinary(PaymentEventSchema, fromJson(PaymentEventSchema, json)));
    }
  });
});
