/** A desk to test pretrade at: one account with wide limits, and what a test makes narrow. */
import assert from "node:assert/strict";
import { fromBinary } from "@bufbuild/protobuf";
import { readFileSync } from "node:fs";
import { type Kernel, loadKernel } from "../../runtime/kernel/host.ts";
import { DecisionSchema } from "../../runtime/proto/gen/decision_pb.ts";
import { EffectKind, FrameSchema } from "../../runtime/proto/gen/frame_pb.ts";
import { encodeFrame, type EventFields } from "../../runtime/proto/gen/frame_wire.ts";
import { buildKernel } from "../../wasm/build.ts";
import { type CancelRequest, CancelRequestSchema, OrderReason as R, Side } from "./gen/order_pb.ts";
import {
  type AccountLimitsFields,
  encodeOrderEvent,
  type MarginFields,
  type NewOrderFields,
  type OrderEventFields,
} from "./gen/order_wire.ts";

export const START = 1_700_000_000_000_000, SECOND = 1_000_000, HUGE = 10n ** 15n;
const built = buildKernel(new URL("../../wasm/kernels/pretrade.ts", import.meta.url).pathname);

export interface Answer {
  readonly verdict: number;
  readonly reasons: { code: number; observed: bigint; limit: bigint }[];
  readonly reject: number;
  /** Cancels that kill switches asked for: the orders, and when a timer shall ask for more. */
  readonly cancels: bigint[];
  readonly timer: number;
}

/** One account with one instrument at 1,000 ticks, wide limits, and what a test makes narrow. */
export class Desk {
  at = START;
  clock = START;
  #orders = 0;
  /** All that the kill switches asked for. */
  readonly cancels: CancelRequest[] = [];
  readonly #contents = new Map<string, number>();
  readonly #kernel: Kernel;
  readonly #buffer = new Uint8Array(1_024);

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  static async open(
    limits: AccountLimitsFields = {},
    margin: MarginFields = {},
    without: readonly string[] = [],
  ): Promise<Desk> {
    const { file } = await built;
    const desk = new Desk((await loadKernel("pretrade", readFileSync(file), new Uint8Array())).instantiate());
    const events: Record<string, OrderEventFields> = {
      instrument: { instrument: instrument() },
      price: { referencePrice: { instrument: 1, price: 1_000 } },
      band: { priceBand: { instrument: 1, low: 1, high: 100_000 } },
      limits: { account: 1, accountLimits: { ...WIDE, ...limits } },
      margin: {
        account: 1,
        margin: { version: 1, collateral: HUGE, initialBps: 1_000, reduceOnlyAboveBps: 10_000, ...margin },
      },
      user: { account: 1, authorisedUser: { trader: 1, authorised: true, mayEnable: true } },
    };
    for (const [name, event] of Object.entries(events)) if (!without.includes(name)) desk.tell(event);
    return desk;
  }

  /** Applies an event, now. */
  tell(event: OrderEventFields): Answer {
    const payload = this.#buffer.slice(0, encodeOrderEvent({ at: this.at, ...event }, this.#buffer, 0));
    return this.#apply({ payload });
  }

  timer(): Answer {
    return this.#apply({ kind: 1 });
  }

  #apply(event: EventFields): Answer {
    const region = new Uint8Array((event.payload?.length ?? 0) + 64);
    const end = encodeFrame({ events: [event] }, region, 0);
    const applied = this.#kernel.apply(this.clock, 1, region.slice(0, end), 1 << 16);
    assert.ok(applied.effects.length <= this.#kernel.description.effectBytesMax);
    const answer = { verdict: 0, reasons: [], reject: 0, cancels: [] as bigint[], timer: applied.nextTimer };
    for (const effect of fromBinary(FrameSchema, applied.effects).effects) {
      if (effect.kind === EffectKind.REJECT) return { ...answer, reject: effect.reason };
      if (effect.kind === EffectKind.REPLY) {
        const { verdict, reasons } = fromBinary(DecisionSchema, effect.payload);
        return { ...answer, verdict, reasons };
      }
      this.cancels.push(fromBinary(CancelRequestSchema, effect.payload));
      answer.cancels.push(this.cancels.at(-1)!.order);
    }
    return answer;
  }

  order(order: NewOrderFields = {}): Answer {
    const whole = {
      instrument: 1,
      side: Side.BUY,
      quantity: 10,
      price: 1_000,
      trader: 1,
      session: 1,
      ...order,
    };
    const content = [whole.side, whole.quantity, whole.price].join();
    if (this.#contents.get(content) === this.at) this.pass(1); // out of the duplicate window of 1 µs
    this.#contents.set(content, this.at);
    return this.tell({ account: 1, newOrder: { order: ++this.#orders, ...whole } });
  }
  replace(order: number, quantity: number, price = 1_000): Answer {
    return this.tell({ account: 1, replaceOrder: { order, quantity, price, trader: 1, session: 1 } });
  }
  cancel(order: number): Answer {
    return this.tell({ account: 1, cancelOrder: { order, session: 1 } });
  }
  fill(quantity: number, side = Side.BUY, order = 0, price = 1_000): Answer {
    return this.tell({ account: 1, fill: { order, instrument: 1, side, quantity, price } });
  }
  get kernel(): Kernel {
    return this.#kernel;
  }
  pass(micros: number): void {
    this.at += micros;
    this.clock += micros;
  }
}

export const WIDE: AccountLimitsFields = {
  version: 1,
  client: 4,
  desk: 3,
  credit: HUGE,
  openValueMax: HUGE,
  orderQuantityMax: 1_000_000,
  orderValueMax: HUGE,
  longMax: 1_000_000,
  shortMax: 1_000_000,
  rate1sMax: 1_000,
  rate5sMax: 1_000,
  sessionRate: 1_000,
  sessionBurst: 1_000,
  duplicateWindow: 1,
  ratioWindow: 60 * SECOND,
  ratioFloor: 1_000,
  orderToTradeMax: 1,
  cancelBpsMax: 1,
};

export function instrument(changes: object = {}): NonNullable<OrderEventFields["instrument"]> {
  return {
    version: 1,
    instrument: 1,
    multiplier: 1,
    collarBps: 1_000,
    collarPeriodBps: 10_000,
    collarPeriod: 60 * SECOND,
    referenceAgeMax: 10 * SECOND,
    ...changes,
  };
}

export function approved(answer: Answer): void {
  assert.deepEqual([answer.verdict, answer.reject, answer.reasons], [1, 0, []]);
}
/** Declined for this and nothing else. */
export function declined(answer: Answer, code: R, observed?: number | bigint, limit?: number | bigint): void {
  assert.equal(answer.reject, 0);
  assert.equal(answer.verdict, 3);
  assert.deepEqual(answer.reasons.map((reason) => R[reason.code]), [R[code]]);
  if (observed !== undefined) assert.equal(answer.reasons[0].observed, BigInt(observed));
  if (limit !== undefined) assert.equal(answer.reasons[0].limit, BigInt(limit));
}
export function has(answer: Answer, ...codes: R[]): void {
  assert.equal(answer.verdict, 3);
  for (const code of codes) assert.ok(answer.reasons.some((reason) => reason.code === code), R[code]);
}
