/** What pretrade forgets, and when: accounts, positions, order ids, sessions, users and strategies that say nothing. */
import { describe, it } from "@std/testing/bdd";
import assert from "node:assert/strict";
import { OrderReason as R } from "./gen/order_pb.ts";
import { approved, declined, Desk, SECOND, WIDE } from "./desk_under_test.ts";

const MINUTE = 60 * SECOND, HOUR = 60 * MINUTE;

describe("pretrade forgets", () => {
  it("an account that is closed, as soon as it has no cash and no position row left", async () => {
    const desk = await Desk.open();
    desk.tell({ account: 2, accountLimits: WIDE });
    assert.equal(desk.kernel.keys, 2);
    desk.tell({ account: 2, accountLimits: { closed: true } });
    assert.equal(desk.kernel.keys, 1, "nothing of it is left");
    desk.tell({ account: 2, accountLimits: WIDE });
    desk.tell({ account: 2, cashMovement: { amount: 5 } });
    desk.tell({ account: 2, accountLimits: { closed: true } });
    assert.equal(desk.kernel.keys, 2, "its cash is left");
    desk.tell({ account: 2, cashMovement: { amount: -5 } });
    assert.equal(desk.kernel.keys, 1);
  });

  it("a closed account with an open order or a position only when those are gone for an hour", async () => {
    const desk = await Desk.open();
    approved(desk.order());
    desk.fill(3);
    desk.tell({ account: 1, accountLimits: { closed: true } });
    idle(desk, 2 * HOUR);
    assert.equal(desk.kernel.keys, 1, "an order and a position are left");
    desk.tell({ account: 1, orderClosed: { order: 1 } });
    idle(desk, 2 * HOUR);
    assert.equal(desk.kernel.keys, 1, "a position is left");
    desk.fill(3, 2);
    idle(desk, HOUR - MINUTE);
    assert.equal(desk.kernel.keys, 1, "it is not idle for an hour yet");
    idle(desk, 2 * MINUTE);
    assert.equal(desk.kernel.keys, 0, "and its cash was settled");
  });

  it("the id of a closed order after its window, and not before", async () => {
    const desk = await Desk.open();
    approved(desk.order());
    approved(desk.cancel(1));
    idle(desk, 10 * MINUTE - 2);
    const again = {
      account: 1,
      newOrder: { order: 1, instrument: 1, side: 1, quantity: 9, price: 1_000, trader: 1 },
    };
    declined(desk.tell(again), R.DUPLICATE_ID, 1n);
    desk.pass(2);
    approved(desk.tell(again));
  });

  it("all that comes and goes: the second day of it takes no more state than the first", async () => {
    const desk = await Desk.open();
    for (let hour = 0; hour < 24; hour++) comeAndGo(desk, hour);
    const before = desk.kernel.stateBytes;
    for (let hour = 24; hour < 48; hour++) comeAndGo(desk, hour);
    assert.equal(desk.kernel.stateBytes, before);
    assert.ok(desk.kernel.keys < 200, `${desk.kernel.keys} accounts are left`);
  });
});

/** Time passes, with a little to do for everybody but the accounts: each event forgets one row at most. */
function idle(desk: Desk, micros: number): void {
  desk.pass(micros);
  price(desk);
  for (let i = 0; i < 2_000; i++) price(desk);
}

function price(desk: Desk): void {
  desk.tell({ referencePrice: { instrument: 1, price: 1_000 } });
}

/** Fifty new accounts an hour, each with users, strategies, sessions, positions and orders; all end. */
function comeAndGo(desk: Desk, hour: number): void {
  for (let i = 0; i < 50; i++) {
    const account = 100 + hour * 50 + i, head = { account };
    desk.tell({ ...head, accountLimits: WIDE });
    desk.tell({
      ...head,
      margin: { version: 1, collateral: 10n ** 15n, initialBps: 1, reduceOnlyAboveBps: 10_000 },
    });
    for (let trader = 1; trader <= 3; trader++) {
      desk.tell({ ...head, authorisedUser: { trader, authorised: true } });
    }
    for (let strategy = 1; strategy <= 3; strategy++) {
      desk.tell({ ...head, strategyThrottle: { version: 1, strategy, executionsMax: 9, window: SECOND } });
    }
    for (let order = 1; order <= 3; order++) {
      const body = { order, instrument: 1, side: 1, quantity: order, price: 1_000, trader: 1 };
      approved(desk.tell({ ...head, newOrder: { ...body, strategy: order, session: order } }));
    }
    desk.tell({ ...head, orderClosed: { order: 1 } });
    approved(desk.tell({ ...head, cancelOrder: { order: 2, session: 1 } }));
    desk.tell({ ...head, fill: { order: 3, instrument: 1, side: 1, quantity: 3, price: 1_000 } });
    desk.tell({ ...head, fill: { instrument: 1, side: 2, quantity: 3, price: 1_000 } });
    desk.tell({ ...head, accountLimits: { closed: true } });
  }
  idle(desk, HOUR);
}
