/** Page events of a shop, seeded: some pages fail for a while, and events come up to 25 s out of order. */
import { type Seeded, seeded, zipf } from "../random.ts";
import type { PageEventFields } from "./gen/shop_wire.ts";

export interface PageEvent extends PageEventFields {
  readonly userId: string;
  readonly productId: string;
  readonly kind: number;
  readonly amount: number;
  readonly status: number;
  readonly at: number;
}

const USERS = 200, PRODUCTS = 40;
const DISORDER = 25_000_000;
/** A page that is broken is so for ten minutes. */
const BROKEN = 600_000_000;

/** `count` events over `span` µs from `from` on, in the order in which they come. */
export function pageEvents(seed: number | string, count: number, from: number, span: number): PageEvent[] {
  const random = seeded(seed), product = zipf(PRODUCTS, 1.1);
  const made = Array.from({ length: count }, (_, i) => {
    const at = from + Math.floor(i * span / count);
    return {
      event: pageEvent(random, product(random), at, Math.floor(at / BROKEN)),
      comes: at + random.int(0, DISORDER),
    };
  });
  return made.sort((a, b) => a.comes - b.comes).map(({ event }) => event);
}

function pageEvent(random: Seeded, product: number, at: number, spell: number): PageEvent {
  const order = random.chance(0.08);
  const broken = (product * 7 + spell) % 9 === 0;
  return {
    userId: `user-${random.int(1, USERS)}`,
    productId: `product-${product}`,
    kind: order ? 1 : 0,
    amount: order ? random.int(100, 50_000) : 0,
    status: random.chance(broken ? 0.3 : 0.01) ? 500 + random.int(0, 4) : 200,
    at,
  };
}
