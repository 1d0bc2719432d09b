import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import process from "node:process";
import { compile } from "../../runtime/mod.ts";
import { encodeOf, openDeclared } from "../../tests/support/declared.ts";
import priced from "./priced.ts";
import { type CatalogEvent, catalogEvents, type Order, type Product } from "./generator.ts";
import { seedOf } from "../../tests/support/seed.ts";

const seed = String(seedOf(process.env, 1));
console.log(`priced: MILLRACE_SEED=${seed}`);

describe("orders with what their product costs", () => {
  it("are those of the newest products at any time: a price that changes updates all its orders", async () => {
    const events = catalogEvents(seed, 1_500, 1_767_225_600_000_000);
    const run = await openDeclared(priced);
    const orders = new Map<string, Order>(), products = new Map<string, Product>();
    const { input } = compile(priced).pipeline;
    events.forEach((event, i) => {
      run.apply([encode(event)]);
      if ("orders" in event) orders.set(event.orders.orderId, event.orders);
      else products.set(event.products.productId, event.products);
      if (i % 151 === 0) run.restart();
      if (i % 97 === 0 || i === events.length - 1) same();
    });

    function same(): void {
      const expected = [...orders.values()].flatMap(({ orderId, productId, quantity }) => {
        const product = products.get(productId);
        if (!product) return [];
        return [{
          orderId,
          productId,
          title: product.title,
          total: BigInt(quantity) * BigInt(product.price),
        }];
      });
      const byOrder = (a: { orderId?: unknown }, b: { orderId?: unknown }) =>
        String(a.orderId) < String(b.orderId) ? -1 : 1;
      assert.deepEqual(run.standing("orders").sort(byOrder), expected.sort(byOrder));
    }

    function encode(event: CatalogEvent): Uint8Array {
      return encodeOf(input, ...Object.entries(event)[0] as [string, Record<string, unknown>]);
    }
  });
});
