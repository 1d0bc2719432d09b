/** Payments for benchmarks: encoded from fields each time, as an edge that holds objects would. */
import { encodePaymentEvent } from "../../actors/payments/gen/payment_wire.ts";
import { type Seeded, seeded, zipf } from "../../actors/random.ts";

/** Event time between two payments of one card, microseconds: twenty minutes. */
const CARD_EVERY = 1_200_000_000;
const BUFFER_BYTES = 512;

export interface PaymentsOptions {
  readonly seed?: number;
  /** Zipf exponent of which card pays; 0 (default) = each alike. */
  readonly zipf?: number;
  /** Share with the card present at a place, the others without the card. Default: all present, at no place. */
  readonly present?: number;
}

export class Payments {
  readonly cards: number;
  /** The digits of the card drawn last. Computed, not looked up: a million strings would cost cache misses. */
  readonly #card = new TextEncoder().encode("4000000000000000");
  readonly #merchants: Uint8Array[];
  readonly #random: Seeded;
  readonly #rank: ((random: Seeded) => number) | undefined;
  readonly #present: number | undefined;
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  readonly #step: number;
  readonly #fields;
  /** Event time of the newest, microseconds; may have a fraction. */
  at: number;
  #sent = 0;

  /** Event times end before now as long as no more than `events` are drawn. */
  constructor(cards: number, events: number, now: number, options: PaymentsOptions = {}) {
    this.cards = cards;
    this.#random = seeded(options.seed ?? 1);
    this.#rank = options.zipf ? zipf(cards, options.zipf) : undefined;
    this.#present = options.present;
    const text = new TextEncoder();
    this.#merchants = Array.from({ length: 500 }, (_, merchant) => text.encode(`grocery_pos-${merchant}`));
    this.#step = CARD_EVERY / cards;
    this.at = now - events * this.#step;
    this.#fields = {
      payment: {
        card: this.#card,
        bin: text.encode("400000"),
        amount: 0,
        currency: text.encode("INR"),
        at: 0,
        merchant: this.#merchants[0],
        channel: 1,
        latitude: 0,
        longitude: 0,
      },
    };
  }

  /** The next payment, encoded; valid until the next call. The first `cards` are of one card each. */
  next(): Uint8Array {
    return this.of(this.#sent < this.cards ? this.#sent : this.#draw());
  }

  /** The next payment of a card. */
  of(card: number): Uint8Array {
    const { payment } = this.#fields;
    for (let at = 15, left = card; at > 7; at--, left = (left / 10) | 0) this.#card[at] = 48 + left % 10;
    payment.merchant = this.#merchants[card % 500];
    payment.amount = 100 + (card % 1900);
    if (this.#present !== undefined) this.#place(card, this.#random.chance(this.#present));
    this.at += this.#step;
    payment.at = Math.floor(this.at);
    this.#sent++;
    return this.#buffer.subarray(0, encodePaymentEvent(this.#fields, this.#buffer, 0));
  }

  #draw(): number {
    return this.#rank ? this.#rank(this.#random) : Math.floor(this.#random.next() * this.cards);
  }

  /** Each card stays about where it is. */
  #place(card: number, present: boolean): void {
    const { payment } = this.#fields;
    payment.channel = present ? 1 : 2;
    payment.latitude = present ? 19_000_000 + card % 1000 * 100 + this.#random.int(0, 10_000) : 0;
    payment.longitude = present ? 72_000_000 + this.#random.int(0, 10_000) : 0;
  }
}
