/** Each of the fifteen checks at its boundary: one below, at the limit, one above; and when its limit is missing. */
import { describe, it } from "@std/testing/bdd";
import assert from "node:assert/strict";
import { fromBinary } from "@bufbuild/protobuf";
import { readFileSync } from "node:fs";
import { type Kernel, loadKernel } from "../../runtime/kernel/host.ts";
import { DecisionSchema } from "../../runtime/proto/gen/decision_pb.ts";
import { EffectKind, FrameSchema, RejectReason } from "../../runtime/proto/gen/frame_pb.ts";
import { encodeFrame, type EventFields } from "../../runtime/proto/gen/frame_wire.ts";
import { buildKernel } from "../../wasm/build.ts";
import {
  type CancelRequest,
  CancelRequestSchema,
  KillScope,
  OrderReason as R,
  OrderReject,
  OrderType,
  Side,
  TimeInForce,
} from "./gen/order_pb.ts";
import {
  type AccountLimitsFields,
  encodeOrderEvent,
  type MarginFields,
  type NewOrderFields,
  type OrderEventFields,
} from "./gen/order_wire.ts";

const START = 1_700_000_000_000_000, SECOND = 1_000_000, HUGE = 10n ** 15n;
const built = buildKernel(new URL("../../wasm/kernels/pretrade.ts", import.meta.url).pathname);

interface Answer {
  readonly verdict: number;
  readonly reasons: { code: number; observed: bigint; limit: bigint }[];
  readonly reject: number;
  /** Cancels that kill switches asked for: the orders, and when a timer shall ask for more. */
  readonly cancels: bigint[];
  readonly timer: number;
}

/** One account with one instrument at 1,000 ticks, wide limits, and what a test makes narrow. */
class Desk {
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
  pass(micros: number): void {
    this.at += micros;
    this.clock += micros;
  }
}

const WIDE: AccountLimitsFields = {
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

function instrument(changes: object = {}): NonNullable<OrderEventFields["instrument"]> {
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

function approved(answer: Answer): void {
  assert.deepEqual([answer.verdict, answer.reject, answer.reasons], [1, 0, []]);
}
/** Declined for this and nothing else. */
function declined(answer: Answer, code: R, observed?: number | bigint, limit?: number | bigint): void {
  assert.equal(answer.reject, 0);
  assert.equal(answer.verdict, 3);
  assert.deepEqual(answer.reasons.map((reason) => R[reason.code]), [R[code]]);
  if (observed !== undefined) assert.equal(answer.reasons[0].observed, BigInt(observed));
  if (limit !== undefined) assert.equal(answer.reasons[0].limit, BigInt(limit));
}
function has(answer: Answer, ...codes: R[]): void {
  assert.equal(answer.verdict, 3);
  for (const code of codes) assert.ok(answer.reasons.some((reason) => reason.code === code), R[code]);
}

describe("1: price collar", () => {
  it("lets a price at the collar through and declines one tick beyond, on both sides", async () => {
    const desk = await Desk.open();
    for (const price of [1_099, 1_100, 901, 900]) approved(desk.order({ price }));
    declined(desk.order({ price: 1_101 }), R.PRICE_COLLAR, 101, 100);
    declined(desk.order({ price: 899 }), R.PRICE_COLLAR, 101, 100);
  });
  it("holds the price of the period's start against a reference that runs away", async () => {
    const desk = await Desk.open();
    desk.tell({ instrument: instrument({ version: 2, collarPeriodBps: 1_500 }) });
    desk.pass(SECOND);
    desk.tell({ referencePrice: { instrument: 1, price: 1_100 } });
    for (const price of [1_149, 1_150]) approved(desk.order({ price }));
    declined(desk.order({ price: 1_151 }), R.PRICE_COLLAR_PERIOD, 151, 150);
  });
  it("declines while the reference price is missing, and when it is older than allowed", async () => {
    has((await Desk.open({}, {}, ["price"])).order(), R.REFERENCE_MISSING);
    const desk = await Desk.open();
    desk.pass(10 * SECOND);
    approved(desk.order());
    desk.pass(1);
    declined(desk.order(), R.REFERENCE_STALE, 10 * SECOND + 1, 10 * SECOND);
  });
  it("takes no reference price of zero, below it, or of 2^31", async () => {
    const desk = await Desk.open();
    for (const price of [0, -1, 2 ** 31]) {
      assert.equal(desk.tell({ referencePrice: { instrument: 1, price } }).reject, RejectReason.OUT_OF_RANGE);
    }
    assert.equal(desk.tell({ referencePrice: { instrument: 1, price: 2 ** 31 - 1 } }).reject, 0);
  });
  it("declines an instrument that was never declared", async () => {
    has(
      (await Desk.open()).order({ instrument: 9 }),
      R.INSTRUMENT_UNKNOWN,
      R.REFERENCE_MISSING,
      R.BAND_MISSING,
    );
  });
});

describe("2 and 3: quantity and value of one order", () => {
  it("lets the largest quantity through and declines one lot more", async () => {
    const desk = await Desk.open({ orderQuantityMax: 50 });
    for (const quantity of [49, 50]) approved(desk.order({ quantity }));
    declined(desk.order({ quantity: 51 }), R.ORDER_QUANTITY, 51, 50);
  });
  it("prefers the limits of account and instrument, until they are removed", async () => {
    const desk = await Desk.open({ orderQuantityMax: 50 });
    const own = { instrument: 1, orderQuantityMax: 5, orderValueMax: HUGE, longMax: 1_000, shortMax: 1_000 };
    desk.tell({ account: 1, instrumentLimits: { ...own, version: 1 } });
    approved(desk.order({ quantity: 5 }));
    declined(desk.order({ quantity: 6 }), R.ORDER_QUANTITY, 6, 5);
    desk.tell({ account: 1, instrumentLimits: { ...own, version: 2, removed: true } });
    approved(desk.order({ quantity: 50 }));
  });
  it("lets the largest value through and declines one minor unit more", async () => {
    for (const [orderValueMax, passes] of [[10_001, true], [10_000, true], [9_999, false]] as const) {
      const answer = (await Desk.open({ orderValueMax })).order();
      if (passes) approved(answer);
      else declined(answer, R.ORDER_VALUE, 10_000, 9_999);
    }
  });
  it("declines everything where no limits are in force, with every reason", async () => {
    const answer = (await Desk.open({}, {}, ["limits"])).order();
    has(
      answer,
      R.LIMITS_MISSING,
      R.ORDER_QUANTITY,
      R.ORDER_VALUE,
      R.CREDIT,
      R.OPEN_VALUE,
      R.MARGIN,
      R.POSITION_LONG,
    );
  });
});

describe("4: message rate", () => {
  it("counts new, replace and cancel in one second, declined ones too", async () => {
    const desk = await Desk.open({ rate1sMax: 4 });
    approved(desk.order());
    approved(desk.replace(1, 11));
    approved(desk.cancel(1));
    approved(desk.order());
    declined(desk.order(), R.RATE_1S, 5, 4);
    declined(desk.order(), R.RATE_1S, 6, 4);
    desk.pass(1_250_000);
    approved(desk.order());
  });
  it("counts five seconds", async () => {
    const desk = await Desk.open({ rate5sMax: 2 });
    approved(desk.order());
    desk.pass(4 * SECOND);
    approved(desk.order());
    declined(desk.order(), R.RATE_5S, 3, 2);
  });
  it("gives each session a bucket that refills", async () => {
    const desk = await Desk.open({ sessionBurst: 2, sessionRate: 1 });
    approved(desk.order());
    approved(desk.order());
    declined(desk.order(), R.RATE_SESSION, 0, 2);
    approved(desk.order({ session: 2 }));
    desk.pass(START + SECOND - 1 - desk.at);
    declined(desk.order({ quantity: 11 }), R.RATE_SESSION);
    desk.pass(1);
    approved(desk.order({ quantity: 12 }));
  });
  it("lets a cancel through all the same, and says what it broke", async () => {
    const desk = await Desk.open({ rate1sMax: 1 });
    approved(desk.order());
    const answer = desk.cancel(1);
    assert.equal(answer.verdict, 1);
    assert.deepEqual(answer.reasons.map(({ code }) => code), [R.RATE_1S]);
  });
});

describe("5: repeated-execution throttle", () => {
  it("switches a strategy off at one too many, until a human who may enables it", async () => {
    const desk = await Desk.open(),
      strategyThrottle = { version: 1, strategy: 5, executionsMax: 2, window: SECOND };
    declined(desk.order({ strategy: 5 }), R.STRATEGY_THROTTLE, 1, 0);
    desk.tell({ account: 1, strategyThrottle });
    approved(desk.order({ strategy: 5 }));
    approved(desk.order({ strategy: 5 }));
    declined(desk.order({ strategy: 5 }), R.STRATEGY_THROTTLE, 3, 2);
    desk.pass(5 * SECOND);
    declined(desk.order({ strategy: 5 }), R.STRATEGY_DISABLED, 2, 2);
    approved(desk.order());
    assert.equal(
      desk.tell({ account: 1, strategyEnable: { strategy: 5, by: 2 } }).reject,
      OrderReject.NOT_PERMITTED,
    );
    desk.tell({ account: 1, strategyEnable: { strategy: 5, by: 1 } });
    approved(desk.order({ strategy: 5 }));
  });
});

describe("6, 7 and 8: credit, unexecuted value, margin", () => {
  it("holds each open order against credit and cash, and lets the hold go with it", async () => {
    const desk = await Desk.open({ credit: 15_000 });
    desk.tell({ account: 1, cashMovement: { amount: 5_000 } });
    approved(desk.order());
    approved(desk.order({ quantity: 10 }));
    declined(desk.order({ quantity: 1 }), R.CREDIT, 16_000, 15_000);
    approved(desk.cancel(1));
    approved(desk.order({ quantity: 10 }));
    declined(desk.replace(2, 11), R.CREDIT, 16_000, 15_000);
    approved(desk.replace(2, 9));
  });
  it("bounds the value of all open orders", async () => {
    const desk = await Desk.open({ openValueMax: 20_000 });
    approved(desk.order());
    approved(desk.order());
    declined(desk.order({ quantity: 1 }), R.OPEN_VALUE, 21_000, 20_000);
    desk.fill(10, Side.BUY, 1);
    approved(desk.order());
  });
  it("asks margin for positions and holds", async () => {
    const desk = await Desk.open({}, { collateral: 2_000 });
    approved(desk.order({ quantity: 19 }));
    approved(desk.order({ quantity: 1 }));
    declined(desk.order({ quantity: 1 }), R.MARGIN, 2_100, 2_000);
  });
  it("above the share of collateral lets only orders through that reduce risk", async () => {
    const desk = await Desk.open({}, { collateral: 10_000, reduceOnlyAboveBps: 5_000 });
    desk.fill(50);
    approved(desk.order({ quantity: 1 }));
    declined(desk.order({ quantity: 1 }), R.REDUCE_ONLY, 5_100, 5_000);
    approved(desk.order({ side: Side.SELL, quantity: 50, price: 1_050 }));
  });
  it("declines where margin was never set", async () => {
    has((await Desk.open({}, {}, ["margin"])).order(), R.MARGIN);
  });
});

describe("9: position limit", () => {
  it("counts the net position and pending orders, long and short", async () => {
    const desk = await Desk.open({ longMax: 30, shortMax: 20 });
    desk.fill(10);
    approved(desk.order({ quantity: 10 }));
    approved(desk.order({ quantity: 10 }));
    declined(desk.order({ quantity: 1 }), R.POSITION_LONG, 31, 30);
    desk.tell({ account: 1, borrowInventory: { instrument: 1, quantity: 1_000 } });
    approved(desk.order({ side: Side.SELL_SHORT, quantity: 30, price: 1_050 }));
    declined(desk.order({ side: Side.SELL_SHORT, quantity: 1, price: 1_050 }), R.POSITION_SHORT, 21, 20);
  });
});

describe("10: dynamic price band", () => {
  it("lets prices at its edges through, follows it, and declines without one", async () => {
    const desk = await Desk.open();
    desk.tell({ priceBand: { instrument: 1, low: 990, high: 1_010 } });
    for (const price of [990, 991, 1_009, 1_010]) approved(desk.order({ price }));
    declined(desk.order({ price: 989 }), R.PRICE_BAND_LOW, 989, 990);
    declined(desk.order({ price: 1_011 }), R.PRICE_BAND_HIGH, 1_011, 1_010);
    desk.tell({ priceBand: { instrument: 1, low: 990, high: 1_011 } });
    approved(desk.order({ price: 1_011 }));
    declined((await Desk.open({}, {}, ["band"])).order(), R.BAND_MISSING);
  });
});

describe("11: duplicates", () => {
  it("declines an id that is open or was closed not long ago", async () => {
    const desk = await Desk.open();
    approved(desk.order({ order: 70 }));
    declined(desk.order({ order: 70, quantity: 3 }), R.DUPLICATE_ID, 70);
    approved(desk.cancel(70));
    declined(desk.order({ order: 70, quantity: 4 }), R.DUPLICATE_ID, 70);
  });
  it("declines the same content within its window", async () => {
    const desk = await Desk.open({ duplicateWindow: 1_000 });
    approved(desk.order());
    desk.pass(999);
    declined(desk.order(), R.DUPLICATE_CONTENT, 999, 1_000);
    approved(desk.order({ quantity: 11 }));
    desk.pass(1);
    approved(desk.order());
  });
});

describe("12: restricted list, authorised user, short mark and locate", () => {
  it("declines a restricted instrument, for all or for one account", async () => {
    const desk = await Desk.open();
    desk.tell({ restrictedInstrument: { instrument: 1, restricted: true } });
    declined(desk.order(), R.RESTRICTED, 1);
    desk.tell({ restrictedInstrument: { instrument: 1, restricted: false } });
    approved(desk.order());
  });
  it("declines a user who is not, or no longer, authorised", async () => {
    const desk = await Desk.open();
    declined(desk.order({ trader: 2 }), R.USER_NOT_AUTHORISED, 2);
    declined(desk.order({ trader: 0 }), R.USER_NOT_AUTHORISED, 0);
    desk.tell({ account: 1, authorisedUser: { trader: 1, authorised: false } });
    declined(desk.order(), R.USER_NOT_AUTHORISED, 1);
  });
  it("lets what is held be sold, and wants a mark on one lot more", async () => {
    const desk = await Desk.open();
    desk.fill(10);
    approved(desk.order({ side: Side.SELL, quantity: 9 }));
    approved(desk.order({ side: Side.SELL, quantity: 1 }));
    declined(desk.order({ side: Side.SELL, quantity: 1 }), R.SHORT_MARK, 11, 10);
  });
  it("lets as much be sold short as is located", async () => {
    const desk = await Desk.open();
    declined(desk.order({ side: Side.SELL_SHORT, quantity: 1 }), R.LOCATE, 1, 0);
    desk.tell({ account: 1, borrowInventory: { instrument: 1, quantity: 10 } });
    approved(desk.order({ side: Side.SELL_SHORT, quantity: 6 }));
    desk.fill(6, Side.SELL_SHORT, 2);
    approved(desk.order({ side: Side.SELL_SHORT, quantity: 4 }));
    declined(desk.order({ side: Side.SELL_SHORT, quantity: 1 }), R.LOCATE, 11, 10);
  });
});

describe("13: order-to-trade and cancel ratio", () => {
  it("asks a human above so many messages a trade", async () => {
    const desk = await Desk.open({ ratioFloor: 2, orderToTradeMax: 1 });
    approved(desk.order());
    approved(desk.order());
    const answer = desk.order();
    assert.equal(answer.verdict, 2);
    assert.deepEqual(answer.reasons.map(({ code, observed, limit }) => [code, observed, limit]), [
      [R.ORDER_TO_TRADE, 3n, 2n],
    ]);
    desk.fill(1);
    desk.fill(1);
    approved(desk.order());
  });
  it("asks a human above so many cancels an order", async () => {
    const desk = await Desk.open({ ratioFloor: 1, orderToTradeMax: 1_000_000, cancelBpsMax: 0 });
    desk.fill(1);
    for (const order of [1, 2]) {
      approved(desk.order());
      approved(desk.cancel(order));
    }
    const answer = desk.order();
    assert.equal(answer.verdict, 2);
    assert.deepEqual(answer.reasons.map(({ code, observed, limit }) => [code, observed, limit]), [
      [R.CANCEL_RATIO, 2n, 1n],
    ]);
  });
});

describe("14: self-trade prevention", () => {
  it("declines what would meet an own resting order, and only that", async () => {
    const desk = await Desk.open();
    desk.fill(100);
    approved(desk.order({ side: Side.SELL, price: 1_010 }));
    approved(desk.order({ price: 1_009 }));
    declined(desk.order({ price: 1_010 }), R.SELF_TRADE, 1_010, 1_010);
    declined(desk.order({ side: Side.SELL, price: 1_009 }), R.SELF_TRADE, 1_009, 1_009);
    declined(desk.order({ type: OrderType.MARKET, price: 0 }), R.SELF_TRADE, 1_010, 0);
    approved(desk.cancel(1));
    approved(desk.order({ price: 1_010 }));
  });
  it("does not count what never rests", async () => {
    const desk = await Desk.open();
    desk.fill(100);
    approved(desk.order({ side: Side.SELL, timeInForce: TimeInForce.IMMEDIATE_OR_CANCEL }));
    approved(desk.order());
  });
});

describe("15: kill switch", () => {
  it("stops a strategy, a trader, a desk, a client or everything, and lets cancels through", async () => {
    const desk = await Desk.open();
    desk.tell({
      account: 1,
      strategyThrottle: { version: 1, strategy: 5, executionsMax: 99, window: SECOND },
    });
    approved(desk.order({ strategy: 5 }));
    const cases: [KillScope, number, R][] = [
      [KillScope.STRATEGY, 5, R.KILLED_STRATEGY],
      [KillScope.TRADER, 1, R.KILLED_TRADER],
      [KillScope.DESK, 3, R.KILLED_DESK],
      [KillScope.CLIENT, 4, R.KILLED_CLIENT],
      [KillScope.EVERYTHING, 0, R.KILLED_EVERYTHING],
    ];
    for (const [scope, id, code] of cases) {
      desk.tell({ killSwitch: { scope, id, on: true, by: 1 } });
      declined(desk.order({ strategy: 5, quantity: 3 }), code, id);
      declined(desk.replace(1, 12), code, id);
      desk.tell({ killSwitch: { scope, id, on: false, by: 1 } });
      approved(desk.replace(1, 12));
    }
    desk.tell({ killSwitch: { scope: KillScope.EVERYTHING, on: true, by: 1 } });
    approved(desk.cancel(1));
  });

  it("asks for the cancel of each open order that it is about, and of no other", async () => {
    const desk = await Desk.open();
    const throttle = { version: 1, executionsMax: 99, window: SECOND };
    for (const strategy of [5, 6]) {
      desk.tell({ account: 1, strategyThrottle: { ...throttle, strategy } });
    }
    desk.tell({ account: 1, authorisedUser: { trader: 2, authorised: true } });
    approved(desk.order({ strategy: 5 }));
    approved(desk.order({ strategy: 6, trader: 2 }));
    approved(desk.order());
    approved(desk.order());
    approved(desk.cancel(4));
    const cases: [KillScope, number, bigint[]][] = [
      [KillScope.STRATEGY, 5, [1n]],
      [KillScope.TRADER, 2, [2n]],
      [KillScope.DESK, 3, [1n, 2n, 3n]],
      [KillScope.CLIENT, 4, [1n, 2n, 3n]],
      [KillScope.EVERYTHING, 0, [1n, 2n, 3n]],
      [KillScope.STRATEGY, 7, []],
      [KillScope.DESK, 4, []],
    ];
    for (const [scope, id, orders] of cases) {
      const { cancels, timer } = desk.tell({ killSwitch: { scope, id, on: true, by: 9 } });
      assert.deepEqual(cancels.sort(), orders, KillScope[scope]);
      assert.equal(timer, Infinity, "nothing is left to do");
      desk.tell({ killSwitch: { scope, id, on: false, by: 9 } });
    }
    const { account, instrument, scope, id, by, at } = desk.cancels[0];
    assert.deepEqual([account, instrument, scope, id, by, at], [1n, 1, 1, 5, 9, BigInt(desk.at)]);
  });

  it("lets the trader answer for an order who replaced it last", async () => {
    const desk = await Desk.open();
    desk.tell({ account: 1, authorisedUser: { trader: 2, authorised: true } });
    approved(desk.order({ trader: 2 }));
    approved(desk.replace(1, 12));
    assert.deepEqual(
      desk.tell({ killSwitch: { scope: KillScope.TRADER, id: 2, on: true, by: 1 } }).cancels,
      [],
    );
    assert.deepEqual(desk.tell({ killSwitch: { scope: KillScope.TRADER, id: 1, on: true, by: 1 } }).cancels, [
      1n,
    ]);
  });

  it("asks once while it is engaged, and again when it is engaged anew", async () => {
    const desk = await Desk.open(), on = { scope: KillScope.DESK, id: 3, on: true, by: 1 };
    approved(desk.order());
    assert.deepEqual(desk.tell({ killSwitch: on }).cancels, [1n]);
    assert.deepEqual(desk.tell({ killSwitch: on }).cancels, []);
    desk.tell({ killSwitch: { ...on, on: false } });
    assert.deepEqual(desk.tell({ killSwitch: on }).cancels, [1n]);
  });

  it("asks for what an account brings along into a killed desk", async () => {
    const desk = await Desk.open();
    approved(desk.order());
    desk.tell({ killSwitch: { scope: KillScope.DESK, id: 8, on: true, by: 1 } });
    const { timer } = desk.tell({ account: 1, accountLimits: { ...WIDE, version: 2, desk: 8 } });
    assert.equal(timer, desk.clock);
    assert.deepEqual(desk.timer().cancels, [1n]);
    desk.tell({ account: 1, accountLimits: { ...WIDE, version: 3, desk: 3 } });
    desk.tell({ account: 1, accountLimits: { ...WIDE, version: 4, desk: 8 } });
    assert.deepEqual(desk.timer().cancels, [], "it was asked for since the switch was engaged");
  });

  it("asks for 160 at once and for the rest with timers, until it is switched off", async () => {
    const desk = await Desk.open(), everything = { scope: KillScope.EVERYTHING, by: 1 };
    for (let instrument = 1; instrument <= 4; instrument++) {
      declare(desk, instrument);
      for (let i = 0; i < 100; i++) approved(desk.order({ instrument, quantity: 1 + i }));
    }
    assert.equal(desk.tell({ killSwitch: { ...everything, on: true } }).cancels.length, 160);
    assert.equal(desk.timer().cancels.length, 160);
    desk.tell({ killSwitch: { ...everything, on: false } });
    assert.deepEqual(desk.timer().cancels, []);
    const asked = desk.tell({ killSwitch: { ...everything, on: true } }).cancels;
    for (let step = 0; step < 3; step++) asked.push(...desk.timer().cancels);
    assert.equal(new Set(asked).size, 400);
    assert.equal(asked.length, 400);
    assert.equal(desk.timer().timer, Infinity);
  });
});

/** One more instrument at 1,000 ticks; the first is there already. */
function declare(desk: Desk, id: number): void {
  if (id === 1) return;
  desk.tell({ instrument: { ...instrument(), instrument: id } });
  desk.tell({ referencePrice: { instrument: id, price: 1_000 } });
  desk.tell({ priceBand: { instrument: id, low: 1, high: 100_000 } });
}

describe("bad input to pretrade", () => {
  it("rejects quantities and prices outside 1 to 2^31 - 1", async () => {
    const desk = await Desk.open();
    for (const bad of [0, -1, 2 ** 31, -(2n ** 63n), 2n ** 63n - 1n]) {
      assert.equal(desk.order({ quantity: bad }).reject, RejectReason.OUT_OF_RANGE);
      assert.equal(desk.order({ price: bad }).reject, RejectReason.OUT_OF_RANGE);
    }
  });
  it("rejects what would overflow, and holds nothing of it", async () => {
    const desk = await Desk.open();
    desk.tell({ instrument: instrument({ version: 2, multiplier: 2 ** 31 - 1 }) });
    const answer = desk.order({ quantity: 2 ** 31 - 1, price: 2 ** 31 - 1 });
    assert.equal(answer.reject, RejectReason.OVERFLOW);
    desk.tell({ instrument: instrument({ version: 3 }) });
    approved(desk.order());
  });
  it("rejects times too far ahead or behind the frame's clock", async () => {
    const desk = await Desk.open();
    desk.at = START + 600 * SECOND;
    assert.equal(desk.order().reject, 0);
    desk.at++;
    assert.equal(desk.order().reject, RejectReason.TOO_NEW);
    desk.at = START - 86_400 * SECOND - 1;
    assert.equal(desk.order().reject, RejectReason.TOO_OLD);
  });
  it("rejects limits of a version not above the one in force, and keeps those", async () => {
    const desk = await Desk.open();
    const accountLimits = { ...WIDE, orderQuantityMax: 1 };
    assert.equal(desk.tell({ account: 1, accountLimits }).reject, OrderReject.STALE_VERSION);
    approved(desk.order());
  });
});
