/** Orders and products that change, seeded, in the order in which they come. */
import { seeded } from "../random.ts";

export interface Order {
  readonly orderId: string;
  readonly productId: string;
  readonly quantity: number;
  readonly at: number;
}

export interface Product {
  readonly productId: string;
  readonly title: string;
  readonly price: number;
  readonly at: number;
}

export type CatalogEvent = { readonly orders: Order } | { readonly products: Product };

const PRODUCTS = 25;

/** `count` events from `from` on, one in six a product; one in ten orders changes an earlier one. */
export function catalogEvents(seed: number | string, count: number, from: number): CatalogEvent[] {
  const random = seeded(seed);
  return Array.from({ length: count }, (_, i): CatalogEvent => {
    const at = from + i * 1_000;
    const productId = `p${random.int(1, PRODUCTS)}`;
    if (random.chance(1 / 6)) {
      return { products: { productId, title: `${productId} of ${i}`, price: random.int(1, 9_999), at } };
    }
    const orderId = `o${random.chance(0.1) ? random.int(0, i) : i}`;
    return { orders: { orderId, productId, quantity: random.int(1, 12), at } };
  });
}
