import { describe, it } from "@std/testing/bdd";
import assert from "node:assert/strict";
import { OrderTraffic } from "./generator.ts";
import type { OrderEventFields } from "./gen/order_wire.ts";

function draw(traffic: OrderTraffic, count: number): OrderEventFields[] {
  return Array.from({ length: count }, () => traffic.next());
}

describe("the order traffic", () => {
  it("is the same for the same seed, and another for another", () => {
    const [first, same, other] = [1, 1, 2].map((seed) => draw(new OrderTraffic({ seed, accounts: 20 }), 500));
    assert.deepEqual(first, same);
    assert.notDeepEqual(first, other);
  });

  it("moves open orders mostly, and enters about as many as it cancels once accounts have what they work", () => {
    const traffic = new OrderTraffic({ seed: 3, accounts: 50, openMax: 40 });
    draw(traffic, 5_000);
    const events = draw(traffic, 20_000);
    const share = (has: (event: OrderEventFields) => unknown) => events.filter(has).length / events.length;
    const within = (value: number, from: number, to: number) =>
      assert.ok(value > from && value < to, `${value}`);
    within(share(({ replaceOrder }) => replaceOrder), 0.8, 0.84);
    within(share(({ newOrder }) => newOrder), 0.08, 0.14);
    within(share(({ cancelOrder }) => cancelOrder), 0.05, 0.1);
    within(share(({ newOrder }) => newOrder?.timeInForce === 1), 0.02, 0.04);
  });

  it("works open orders alone, no more than it may, and never enters an id twice, in no run", () => {
    const seen = new Set<number>();
    for (const run of [1, 2]) {
      const open = new Map<number, Set<number>>();
      for (
        const event of draw(new OrderTraffic({ seed: 4, accounts: 5, openMax: 3, run, mistakes: 0 }), 3_000)
      ) {
        const own = open.get(event.account as number) ?? new Set();
        open.set(event.account as number, own);
        if (event.newOrder) {
          const order = event.newOrder.order as number;
          assert.ok(!seen.has(order));
          seen.add(order);
          if (event.newOrder.timeInForce === 0) own.add(order);
          assert.ok(own.size <= 3);
        } else if (event.cancelOrder) assert.ok(own.delete(event.cancelOrder.order as number));
        else assert.ok(own.has(event.replaceOrder!.order as number));
      }
    }
  });
});
