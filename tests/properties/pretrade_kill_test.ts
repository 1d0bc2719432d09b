/** The sweep of the kill switches over many open orders, while they change: each cancel once, none forgotten. */
import { describe, it } from "@std/testing/bdd";
import assert from "node:assert/strict";
import type { OrderEventFields } from "../../actors/orders/gen/order_wire.ts";
import type { Kernel } from "../../runtime/kernel/host.ts";
import { PretradeModel } from "../models/pretrade.ts";
import { toCancel } from "../models/pretrade_kills.ts";
import { type Random, seeded } from "./kernel_under_test.ts";
import {
  answerOf,
  applyOne,
  copyOf,
  decoded,
  drain,
  encode,
  freshKernel,
  START,
} from "./pretrade_under_test.ts";

const ACCOUNTS = 24, INSTRUMENTS = 3, TRADERS = 2, STRATEGIES = [5, 5 + 1024];

describe("the kill switches' sweep", () => {
  it("asks for each cancel once and forgets none, while orders and accounts come, go and move", async () => {
    const random = seeded("pretrade kills"), make = await freshKernel(WIDE);
    const world = new World(make(), random);
    world.open();
    let cancels = 0;
    for (let episode = 0; episode < 40; episode++) {
      world.fill();
      for (let kills = 1 + random.below(2); kills > 0; kills--) cancels += world.tell(world.kill(true));
      for (let step = 0; step < 16; step++) {
        if (random.below(16) === 0) world.closeHalf();
        cancels += random.below(4) === 0 ? world.timer() : world.tell(world.change());
      }
      drain(world.kernel, world.model, world.at);
      world.disengage();
    }
    assert.ok(cancels > 2_000, `only ${cancels} cancels were asked for in the midst of changes`);
  });

  it("goes on after a restore in its midst", async () => {
    const random = seeded("pretrade kills restored"), make = await freshKernel(WIDE);
    const world = new World(make(), random);
    world.open();
    world.fill();
    world.tell({ killSwitch: { scope: 5, on: true, by: 1 } });
    assert.ok([...toCancel(world.model)].length > 0, "the sweep is under way");
    while ([...toCancel(world.model)].length > 0) {
      world.kernel = copyOf(world.kernel, make());
      assert.ok(world.timer() > 0);
    }
    drain(world.kernel, world.model, world.at);
  });
});

/** Ids are remembered for long, and closed ones never make room. */
const WIDE = { recentIdsWindow: 600_000_000n, recentIdsMax: 1_000_000 };

/** Accounts of a few desks and clients with up to 100 open orders each, in the kernel and its twin. */
class World {
  at = START;
  readonly model = new PretradeModel(WIDE);
  #orders = 0;
  #version = 1;

  constructor(public kernel: Kernel, readonly random: Random) {}

  open(): void {
    for (let instrument = 1; instrument <= INSTRUMENTS; instrument++) {
      this.tell({
        instrument: {
          version: 1,
          instrument,
          multiplier: 1,
          collarBps: 1_000,
          collarPeriodBps: 1_000,
          collarPeriod: 60_000_000,
          referenceAgeMax: 10n ** 15n,
        },
      });
      this.tell({ referencePrice: { instrument, price: 1_000 } });
      this.tell({ priceBand: { instrument, low: 1, high: 10_000 } });
    }
    for (let account = 1; account <= ACCOUNTS; account++) {
      this.tell(this.#limits(account));
      this.tell({
        account,
        margin: { version: 1, collateral: 10n ** 15n, initialBps: 1_000, reduceOnlyAboveBps: 10_000 },
      });
      for (let trader = 1; trader <= TRADERS; trader++) {
        this.tell({ account, authorisedUser: { trader, authorised: true } });
      }
      for (const strategy of STRATEGIES) {
        const window = 1_000_000;
        this.tell({ account, strategyThrottle: { version: 1, strategy, executionsMax: 1_000_000, window } });
      }
    }
  }

  /** Up to 70 open orders for each account that is open. */
  fill(): void {
    for (let account = 1; account <= ACCOUNTS; account++) {
      const { orders } = this.model.accounts.get(BigInt(account))!;
      for (let i = 20 + this.random.below(50); i > orders.size; i--) this.tell(this.#new(account));
    }
  }

  disengage(): void {
    for (const { scope, id, by } of [...this.model.kills.values()]) {
      this.tell({ killSwitch: { scope, id, by, on: false } });
    }
  }

  /** What may happen to a sweep that is under way. */
  change(): OrderEventFields {
    const random = this.random, account = 1 + random.below(ACCOUNTS), draw = random.below(20);
    if (draw < 2) return this.kill(random.below(2) === 0);
    if (draw < 10) return this.#limits(account);
    if (draw === 10) return { account, accountLimits: { closed: true } };
    if (draw < 16) return this.#new(account);
    const order = this.#anOrder(account);
    if (draw < 17) return { account, cancelOrder: { order, session: 1 } };
    if (draw < 18) return { account, orderClosed: { order } };
    return {
      account,
      replaceOrder: { order, quantity: 20, price: 990, trader: 1 + random.below(TRADERS), session: 1 },
    };
  }

  /** Ends every other open order or so, some of them where the sweep stands. */
  closeHalf(): void {
    for (const [account, { orders }] of this.model.accounts) {
      for (const order of [...orders.keys()]) {
        if (this.random.below(2) === 0) this.tell({ account, orderClosed: { order } });
      }
    }
  }

  tell(fields: OrderEventFields): number {
    this.at += 10;
    const payload = encode({ at: this.at, ...fields });
    const expected = this.model.apply(decoded(payload), BigInt(this.at));
    const { effects, cancels } = applyOne(this.kernel, this.model, payload, this.at);
    assert.deepEqual(answerOf(effects[0]), expected);
    return cancels.length;
  }

  timer(): number {
    this.at += 10;
    return applyOne(this.kernel, this.model, "timer", this.at).cancels.length;
  }

  kill(on: boolean): OrderEventFields {
    const random = this.random, scope = 1 + random.below(5);
    const id = [
      random.pick(STRATEGIES),
      1 + random.below(TRADERS),
      1 + random.below(3),
      1 + random.below(3),
      0,
    ];
    return { killSwitch: { scope, id: id[scope - 1], on, by: 1 + random.below(3) } };
  }

  #limits(account: number): OrderEventFields {
    const much = 10n ** 15n;
    return {
      account,
      accountLimits: {
        version: ++this.#version,
        client: 1 + this.random.below(3),
        desk: this.random.below(4),
        credit: much,
        openValueMax: much,
        orderQuantityMax: much,
        orderValueMax: much,
        longMax: much,
        shortMax: much,
        rate1sMax: 60_000,
        rate5sMax: 60_000,
        sessionRate: 60_000,
        sessionBurst: 60_000,
        duplicateWindow: 1,
        ratioWindow: 1_000_000,
        ratioFloor: 1_000_000,
      },
    };
  }

  #new(account: number): OrderEventFields {
    const random = this.random;
    const newOrder = {
      order: ++this.#orders,
      instrument: 1 + random.below(INSTRUMENTS),
      side: 1,
      quantity: 10,
      price: 1_000,
      trader: 1 + random.below(TRADERS),
      strategy: random.pick([0, ...STRATEGIES]),
      session: 1,
    };
    return { account, newOrder };
  }

  #anOrder(account: number): bigint {
    const ids = [...this.model.accounts.get(BigInt(account))?.orders.keys() ?? []];
    return ids.length > 0 ? this.random.pick(ids) : 1n;
  }
}
