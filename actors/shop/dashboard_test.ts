import { describe, it } from "@std/testing/bdd";
import { openDeclared, prove } from "../../tests/support/declared.ts";
import assert from "node:assert/strict";
import process from "node:process";
import { seeded } from "../random.ts";
import { seedOf } from "../../tests/support/seed.ts";
import { activeUsers, errorsByPage, revenue } from "./dashboard.ts";
import { encodePageEvent } from "./gen/shop_wire.ts";
import { type PageEvent, pageEvents } from "./generator.ts";

const MINUTE = 60_000_000;
const START = 1_767_225_600_000_000;
const seed = String(seedOf(process.env, 1));
console.log(`dashboard: MILLRACE_SEED=${seed}`);
const dice = seeded(seed), random = () => dice.next();
const EVENTS = pageEvents(seed, 6_000, START, 40 * MINUTE);
const encoded = EVENTS.map(encode);

describe("the dashboard of a shop", () => {
  it("tells the revenue of each minute of event time, whatever the order of arrival", async () => {
    const minutes = new Map<number, { orders: bigint; revenue: bigint }>();
    for (const { kind, amount, at } of EVENTS) {
      if (kind !== 1) continue;
      const start = Math.floor(at / MINUTE) * MINUTE;
      const minute = minutes.get(start) ?? { orders: 0n, revenue: 0n };
      minutes.set(start, { orders: minute.orders + 1n, revenue: minute.revenue + BigInt(amount) });
    }
    const expected = [...minutes].map(([start, sums]) => ({
      windowStart: BigInt(start),
      windowEnd: BigInt(start + MINUTE),
      ...sums,
    }));
    await prove({ declaration: revenue, events: encoded, output: "revenue", expected, random, keysLeft: 0 });
  });

  it("tells which pages fail, over five minutes, every minute", async () => {
    const windows = new Map<string, { productId: string; start: number; views: number; errors: number }>();
    for (const { productId, status, at } of EVENTS) {
      const last = Math.floor(at / MINUTE) * MINUTE;
      for (let start = last - 4 * MINUTE; start <= last; start += MINUTE) {
        const key = `${productId} ${start}`;
        const window = windows.get(key) ?? { productId, start, views: 0, errors: 0 };
        windows.set(key, {
          ...window,
          views: window.views + 1,
          errors: window.errors + (status >= 500 ? 1 : 0),
        });
      }
    }
    const expected = [...windows.values()].filter(({ errors, views }) => errors / views > 0.05).map((
      window,
    ) => ({
      productId: window.productId,
      windowStart: BigInt(window.start),
      windowEnd: BigInt(window.start + 5 * MINUTE),
      views: BigInt(window.views),
      errors: BigInt(window.errors),
    }));
    await prove({
      declaration: errorsByPage,
      events: encoded,
      output: "alerts",
      expected,
      random,
    });
  });

  it("ends a visit five minutes, by the clock, after a user was last heard of", async () => {
    const run = await openDeclared(activeUsers, START);
    run.apply([view("ann"), view("bob")]);
    run.pass(START + 4 * MINUTE);
    run.apply([view("ann")]);
    run.pass(START + 8 * MINUTE);
    assert.deepEqual(run.standing("visits").map(({ userId, events }) => [userId, events]), [["bob", 1n]]);
    run.pass(START + 9 * MINUTE);
    assert.deepEqual(run.standing("visits").map(({ userId, events }) => [userId, events]), [["bob", 1n], [
      "ann",
      2n,
    ]]);
    assert.equal(run.keys, 0);
  });
});

function view(userId: string): Uint8Array {
  return encode({ userId, productId: "p", kind: 0, amount: 0, status: 200, at: 0 });
}

function encode(event: PageEvent): Uint8Array {
  const out = new Uint8Array(256);
  return out.slice(0, encodePageEvent(event, out, 0));
}
