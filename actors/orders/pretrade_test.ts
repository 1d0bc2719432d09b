/** Each of the fifteen checks at its boundary: one below, at the limit, one above; and when its limit is missing. */
import { describe, it } from "@std/testing/bdd";
import assert from "node:assert/strict";
import { RejectReason } from "../../runtime/proto/gen/frame_pb.ts";
import { OrderReason as R, OrderReject, OrderType, Side, TimeInForce } from "./gen/order_pb.ts";
import { approved, declined, Desk, has, HUGE, instrument, SECOND, START, WIDE } from "./desk_under_test.ts";

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
