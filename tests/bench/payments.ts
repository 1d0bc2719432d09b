/** Payments for benchmarks: encoded from fields each time, as an edge that holds objects would. */
import { encodePaymentEvent } from "../../actors/payments/gen/payment_wire.ts";
import { seeded } from "../../actors/random.ts";

/** Event time between two payments of one card, microseconds: twenty minutes. */
const CARD_EVERY = 1_200_000_000;
const BUFFER_BYTES = 512;

export class Payments {
  readonly cards: number;
  /** The digits of the card drawn last. Computed, not looked up: a million strings would cost cache misses. */
  readonly #card = new TextEncoder().encode("4000000000000000");
  readonly #merchants: Uint8Array[];
  readonly #random = seeded(1);
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  readonly #step: number;
  readonly #fields;
  #at: number;
  #sent = 0;

  /** Event times end before now as long as no more than `events` are drawn. */
  constructor(cards: number, events: number, now: number) {
    this.cards = cards;
    const text = new TextEncoder();
    this.#merchants = Array.from({ length: 500 }, (_, merchant) => text.encode(`grocery_pos-${merchant}`));
    this.#step = CARD_EVERY / cards;
    this.#at = now - events * this.#step;
    this.#fields = {
      payment: {
        card: this.#card,
        bin: text.encode("400000"),
        amount: 0,
        currency: text.encode("INR"),
        at: 0,
        merchant: this.#merchants[0],
        channel: 1,
      },
    };
  }

  /** The next payment, encoded; valid until the next call. The first `cards` are of one card each. */
  next(): Uint8Array {
    const { payment } = this.#fields;
    const draw = this.#random.next();
    const card = this.#sent < this.cards ? this.#sent : Math.floor(draw * this.cards);
    for (let at = 15, left = card; at > 7; at--, left = (left / 10) | 0) this.#card[at] = 48 + left % 10;
    payment.merchant = this.#merchants[card % 500];
    payment.amount = 100 + (card % 1900);
    this.#at += this.#step;
    payment.at = Math.floor(this.#at);
    this.#sent++;
    return this.#buffer.subarray(0, encodePaymentEvent(this.#fields, this.#buffer, 0));
  }
}
