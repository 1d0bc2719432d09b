/** Check 15: kill switches, what they decline and whose cancel they ask for. */
import { describe, it } from "@std/testing/bdd";
import assert from "node:assert/strict";
import { KillScope, OrderReason as R } from "./gen/order_pb.ts";
import { approved, declined, Desk, instrument, SECOND, WIDE } from "./desk_under_test.ts";

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
