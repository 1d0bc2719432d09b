/** Random order events, and the kernel's answers in the words of its twin. */
import assert from "node:assert/strict";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  AccountStateSchema,
  CancelRequestSchema,
  type OrderEvent,
  OrderEventSchema,
  OrderParamsSchema,
} from "../../actors/orders/gen/order_pb.ts";
import { encodeOrderEvent, type OrderEventFields } from "../../actors/orders/gen/order_wire.ts";
import type { Kernel } from "../../runtime/kernel/host.ts";
import { type Effect, EffectKind } from "../../runtime/proto/gen/frame_pb.ts";
import type { Answer, PretradeModel } from "../models/pretrade.ts";
import { exposureOf, holdsOf, messagesIn, openValueOf } from "../models/pretrade_amounts.ts";
import { asked, type Cancel, isDue, toCancel } from "../models/pretrade_kills.ts";
import { EVENT_KIND } from "../../runtime/partition/records.ts";
import { decisionOf, effectsOf, loadForTest, type Random, region } from "./kernel_under_test.ts";

export const START = 1_700_000_000_000_000;
/** Few ids are remembered, so that the bound is met. */
export const PARAMS = { recentIdsWindow: 5_000_000n, recentIdsMax: 40 };

export async function freshKernel(params: typeof PARAMS | undefined = PARAMS): Promise<() => Kernel> {
  const bytes = toBinary(OrderParamsSchema, create(OrderParamsSchema, params));
  const module = await loadForTest("pretrade", { kernel: bytes });
  return () => module.instantiate();
}

export function encode(event: OrderEventFields): Uint8Array {
  const buffer = new Uint8Array(512);
  return buffer.slice(0, encodeOrderEvent(event, buffer, 0));
}

export function decoded(payload: Uint8Array): OrderEvent {
  return fromBinary(OrderEventSchema, payload);
}

/** Applies one event, or a timer; the twin agrees with each cancel that is asked for. */
export function applyOne(
  kernel: Kernel,
  model: PretradeModel,
  payload: Uint8Array | "timer",
  clock: number,
): { effects: Effect[]; cancels: Cancel[]; timer: boolean } {
  const record = payload === "timer" ? { kind: EVENT_KIND.TIMER } : { payload };
  const applied = kernel.apply(clock, 1, region([record]), 1 << 20);
  assert.ok(applied.effects.length <= kernel.description.effectBytesMax);
  const all = effectsOf(applied.effects), cancels: Cancel[] = [];
  for (const effect of all) {
    if (effect.kind !== EffectKind.OUTPUT) continue;
    const cancel = cancelOf(effect, model);
    assert.ok(isDue(model, cancel), "the order is open, under the switch, and was not asked for before");
    asked(model, cancel);
    cancels.push(cancel);
  }
  const effects = all.filter(({ kind }) => kind !== EffectKind.OUTPUT);
  return { effects, cancels, timer: applied.nextTimer <= clock };
}

/** Timers until no switch has anything left to ask for; the twin agrees that nothing is. */
export function drain(kernel: Kernel, model: PretradeModel, clock: number): void {
  while (applyOne(kernel, model, "timer", clock).timer);
  assert.deepEqual([...toCancel(model)], []);
}

/** What a kill switch asked for, as the twin would say it; throws where the switch is not engaged. */
function cancelOf(effect: Effect, model: PretradeModel): Cancel {
  const request = fromBinary(CancelRequestSchema, effect.payload);
  const kill = model.kills.get(`${request.scope}/${request.id}`);
  assert.ok(kill, `${request.scope}/${request.id} is engaged`);
  const order = model.accounts.get(request.account)?.orders.get(request.order);
  assert.equal(new TextDecoder().decode(effect.key), String(request.account));
  assert.equal(request.instrument, order?.instrument);
  assert.deepEqual([request.by, request.at], [kill.by, kill.at]);
  return { kill, account: request.account, order: request.order };
}

/** An effect as the twin would say it. Zero figures are left out by neither. */
export function answerOf(effect: Effect | undefined): Answer {
  if (!effect) return { kind: "none" };
  if (effect.kind === EffectKind.REJECT) return { kind: "reject", reason: effect.reason };
  const { verdict, reasons, figures } = decisionOf(effect);
  return {
    kind: "reply",
    verdict,
    reasons: reasons.map(({ code, observed, limit }) => [code, observed, limit]),
    figures: figures.map(({ value }) => value),
  };
}

/** Its state in a fresh instance. */
export function copyOf(kernel: Kernel, fresh: Kernel): Kernel {
  kernel.snapshotBegin(true);
  fresh.restoreBegin(kernel.memoryBytes);
  for (;;) {
    const records = kernel.snapshotNext(256);
    if (records.length === 0) break;
    fresh.restorePages(records.slice());
  }
  fresh.restoreEnd();
  return fresh;
}

/** What a query tells, without order. */
export function stateOfKernel(kernel: Kernel, account: bigint): unknown {
  const bytes = kernel.query(new TextEncoder().encode(String(account)));
  if (!bytes) return undefined;
  const state = fromBinary(AccountStateSchema, bytes);
  return {
    version: state.limitVersion,
    cash: state.cash,
    holds: state.holds,
    openValue: state.openValue,
    exposure: state.exposure,
    shortExposure: state.shortExposure,
    openOrders: state.openOrders,
    positions: state.positions,
    messages: [state.messages1s, state.messages5s],
    newest: state.newest,
    instruments: state.instruments.map((p) => [
      p.instrument,
      p.net,
      p.pendingBuy,
      p.pendingSell,
      p.pendingShort,
      p.marked,
      p.limitVersion,
      p.borrow,
      p.openOrders,
    ]).sort((a, b) => Number(a[0]) - Number(b[0])),
  };
}

export function stateOfModel(model: PretradeModel, id: bigint): unknown {
  const account = model.accounts.get(id);
  if (!account) return undefined;
  const rows = [...account.positions].flatMap(([instrument, position]) => {
    const own = [...account.orders.values()].filter((order) => order.instrument === instrument);
    const pending = (side: number) =>
      own.filter((order) => order.side === side).reduce((sum, o) => sum + o.quantity - o.filled, 0n);
    const held = position.net !== 0n || own.length > 0 || position.borrow !== 0n || position.limited;
    const row = [
      instrument,
      position.net,
      pending(1),
      pending(2),
      pending(3),
      position.marked,
      position.version,
      position.borrow,
      own.length,
    ];
    return held ? [row] : [];
  }).sort((a, b) => Number(a[0]) - Number(b[0]));
  if (!account.open && account.cash === 0n && rows.length === 0) return undefined;
  return {
    version: account.version,
    cash: account.cash,
    holds: holdsOf(account),
    openValue: openValueOf(account),
    exposure: exposureOf(account),
    shortExposure: shortOf(account.positions.values()),
    openOrders: account.orders.size,
    positions: rows.length,
    messages: [messagesIn(account, 4n), messagesIn(account, 20n)],
    newest: account.newest,
    instruments: rows,
  };
}

function shortOf(positions: Iterable<{ net: bigint; marked: bigint }>): bigint {
  let sum = 0n;
  for (const { net, marked } of positions) if (net < 0n) sum += marked;
  return sum;
}

/** Seeded events over few accounts and instruments, so that they meet; some are adversarial. */
export class Flow {
  at = START;
  clock = START;
  readonly #random: Random;
  #version = 1;
  #orders = 0;
  /** The account of each order id. */
  readonly #owners: number[] = [];
  #killed: { scope: number; id: number; by: number } | undefined;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Reference data with limits that are sometimes met. */
  *setUp(): Generator<OrderEventFields> {
    for (let instrument = 1; instrument <= 3; instrument++) {
      yield this.#instrument(instrument);
      yield { at: this.at, referencePrice: { instrument, price: 1_000 } };
      yield { at: this.at, priceBand: { instrument, low: 900, high: 1_100 } };
    }
    for (let account = 1; account <= 3; account++) {
      yield this.#limits(account);
      yield this.#margin(account);
      for (const trader of [1, 2]) {
        yield { at: this.at, account, authorisedUser: { trader, authorised: true, mayEnable: trader === 1 } };
      }
      yield this.#throttle(account);
      for (let instrument = 1; instrument <= 3; instrument++) {
        yield { at: this.at, account, borrowInventory: { instrument, quantity: 300 } };
        yield { at: this.at, account, fill: { instrument, side: 1, quantity: 100, price: 1_000 } };
      }
    }
  }

  next(): OrderEventFields {
    const random = this.#random;
    this.#passTime();
    if (this.#killed && random.below(30) === 0) return this.#revive();
    const kind = random.below(100);
    if (kind < 40) return this.#new();
    if (kind < 62) return this.#replace();
    if (kind < 70) return this.#cancel();
    if (kind < 80) return this.#fill();
    if (kind < 83) {
      const order = this.#order();
      return { ...this.#head(order), orderClosed: { order } };
    }
    return this.#referenceData();
  }

  #passTime(): void {
    const random = this.#random, draw = random.below(1_000);
    this.clock += draw < 990 ? random.below(60_000) : random.below(5_000_000);
    if (draw === 999) this.clock -= random.below(3_000_000); // the node's clock steps back
    this.at = Math.max(START, this.clock - random.below(20_000));
    if (random.below(300) === 0) {
      this.at += random.pick([-86_400_000_000, 2_000_000, 600_100_000, 700_000_000]);
    }
  }

  #head(order?: number): { at: number; account: number } {
    const known = order === undefined ? undefined : this.#owners[order];
    const account = this.#random.below(200) === 0
      ? this.#random.below(6)
      : known ?? 1 + this.#random.below(3);
    return { at: this.#random.below(500) === 0 ? this.#random.pick([0, -1]) : this.at, account };
  }

  #order(): number {
    const back = this.#random.below(12);
    return Math.max(0, this.#orders - back);
  }

  #quantity(): number | bigint {
    return this.#edge() ?? 1 + this.#random.below(this.#random.below(10) ? 60 : 220);
  }
  /** Sells mostly above buys, so that not all is self-trade. */
  #price(side = 1 + this.#random.below(3)): number | bigint {
    return this.#edge() ?? (side === 1 ? 980 : 1_000) + this.#random.below(this.#random.below(10) ? 22 : 200);
  }
  #edge(): bigint | undefined {
    if (this.#random.below(150) > 0) return undefined;
    const edges = [
      0n,
      1n,
      -1n,
      2n ** 31n - 1n,
      2n ** 31n,
      2n ** 32n,
      2n ** 62n,
      2n ** 63n - 1n,
      -(2n ** 63n),
    ];
    return this.#random.pick(edges);
  }

  #new(): OrderEventFields {
    const random = this.#random, market = random.below(12) === 0, side = 1 + random.below(3);
    const head = this.#head(), order = random.below(12) === 0 ? this.#order() : ++this.#orders;
    this.#owners[order] ??= head.account;
    return {
      ...head,
      newOrder: {
        order,
        instrument: random.below(60) === 0 ? random.below(6) : 1 + random.below(3),
        side: random.below(80) === 0 ? random.below(5) : side,
        quantity: this.#quantity(),
        price: market ? 0 : this.#price(side),
        type: random.below(200) === 0 ? 2 : market ? 1 : 0,
        timeInForce: random.below(4) === 0 ? 1 : 0,
        trader: random.below(40) === 0 ? random.below(4) : 1 + random.below(2),
        strategy: random.below(3) === 0 ? 5 + random.below(2) * random.below(2) : 0,
        session: random.below(3),
      },
    };
  }

  #replace(): OrderEventFields {
    const trader = 1 + this.#random.below(2), order = this.#order();
    const replaceOrder = {
      order,
      quantity: this.#quantity(),
      price: this.#price(),
      trader,
      session: this.#random.below(3),
    };
    return { ...this.#head(order), replaceOrder };
  }

  #cancel(): OrderEventFields {
    const order = this.#order();
    return { ...this.#head(order), cancelOrder: { order, session: this.#random.below(3) } };
  }

  #fill(): OrderEventFields {
    const random = this.#random, order = this.#order();
    return {
      ...this.#head(order),
      fill: {
        order,
        instrument: 1 + random.below(3),
        side: 1 + random.below(3),
        quantity: this.#quantity(),
        price: this.#price(),
      },
    };
  }

  #referenceData(): OrderEventFields {
    const random = this.#random, instrument = random.below(30) === 0 ? random.below(6) : 1 + random.below(3);
    const { at, account } = this.#head();
    switch (random.below(14)) {
      case 0:
        return this.#limits(account);
      case 1:
        return this.#margin(account);
      case 2:
        return { at, account, cashMovement: { amount: this.#edge() ?? random.below(4_000_000) - 2_000_000 } };
      case 3:
        return {
          at,
          account,
          authorisedUser: {
            trader: random.below(4),
            authorised: random.below(15) > 0,
            mayEnable: random.below(6) > 0,
          },
        };
      case 4:
        return this.#throttle(account);
      case 5:
      case 6:
        return { at, account, strategyEnable: { strategy: 5 + random.below(2), by: random.below(3) } };
      case 7:
        return {
          at,
          account,
          borrowInventory: { instrument, quantity: this.#edge() ?? random.below(6_000) },
        };
      case 8:
        return random.below(4)
          ? { at, priceBand: { instrument, low: 950, high: 1_080 } }
          : this.#instrument(instrument);
      case 9:
      case 10:
        return { at, referencePrice: { instrument, price: this.#edge() ?? 980 + random.below(41) } };
      case 11:
        return { at, restrictedInstrument: { instrument, restricted: random.below(12) === 0 } };
      case 12:
        return this.#instrumentLimits(account, instrument);
      default:
        return this.#killSwitch();
    }
  }

  #killSwitch(): OrderEventFields {
    const scope = this.#random.below(7), id = [0, 5, 2, 7, 2, 0, 1][scope];
    const on = !this.#killed && this.#random.below(4) === 0, by = this.#random.below(20);
    if (on) this.#killed = { scope, id, by: 1 };
    else if (this.#killed) return this.#revive();
    return { at: this.at, killSwitch: { scope, id, on, by } };
  }

  /** One switch at a time is on, and not for long, or nothing else would be seen. */
  #revive(): OrderEventFields {
    const killSwitch = { ...this.#killed!, on: false };
    this.#killed = undefined;
    return { at: this.at, killSwitch };
  }

  #instrument(instrument: number): OrderEventFields {
    return {
      at: this.at,
      instrument: {
        version: this.#nextVersion(),
        instrument,
        multiplier: this.#edge() ?? this.#random.pick([1, 10]),
        collarBps: 500,
        collarPeriodBps: 700,
        collarPeriod: 2_000_000,
        referenceAgeMax: this.#random.pick([10_000_000_000, 10_000_000_000, 3_000_000]),
      },
    };
  }

  #instrumentLimits(account: number, instrument: number): OrderEventFields {
    return {
      at: this.at,
      account,
      instrumentLimits: {
        version: this.#nextVersion(),
        instrument,
        orderQuantityMax: this.#edge() ?? 80,
        orderValueMax: 10_000_000,
        longMax: 500,
        shortMax: 200,
        restricted: this.#random.below(10) === 0,
        removed: this.#random.below(2) === 0,
      },
    };
  }

  #limits(account: number): OrderEventFields {
    const random = this.#random, huge = random.below(20) === 0;
    if (random.below(100) === 0) return { at: this.at, account, accountLimits: { closed: true } };
    return {
      at: this.at,
      account,
      accountLimits: {
        version: this.#nextVersion(),
        client: 2,
        desk: random.below(20) ? 3 : 7,
        credit: huge ? 2n ** 63n - 1n : 100_000_000 + random.below(400_000_000),
        openValueMax: huge ? 2n ** 63n - 1n : 100_000_000 + random.below(400_000_000),
        orderQuantityMax: huge ? 2n ** 62n : 150,
        orderValueMax: huge ? 2n ** 63n - 1n : 12_000_000,
        longMax: huge ? 2n ** 62n : 3_000,
        shortMax: this.#edge() ?? 3_000,
        rate1sMax: 8 + random.below(20),
        rate5sMax: 30 + random.below(40),
        sessionRate: 1 + random.below(10),
        sessionBurst: 5 + random.below(10),
        duplicateWindow: 1 + random.below(2_000_000),
        ratioWindow: random.pick([1_000_000, 3_000_000, 5_000_000]),
        ratioFloor: 1 + random.below(12),
        orderToTradeMax: random.below(5),
        cancelBpsMax: random.below(10_000),
      },
    };
  }

  #margin(account: number): OrderEventFields {
    const random = this.#random, huge = random.below(20) === 0;
    return {
      at: this.at,
      account,
      margin: {
        version: this.#nextVersion(),
        collateral: huge ? 2n ** 62n : 50_000_000 + random.below(300_000_000),
        initialBps: 1 + random.below(2_000),
        reduceOnlyAboveBps: 4_000 + random.below(6_000),
      },
    };
  }

  #throttle(account: number): OrderEventFields {
    return {
      at: this.at,
      account,
      strategyThrottle: {
        version: this.#nextVersion(),
        strategy: 5,
        executionsMax: this.#random.below(4),
        window: 1_000_000,
      },
    };
  }

  /** Sometimes one that was in force before. */
  #nextVersion(): number {
    return this.#random.below(40) === 0 ? this.#random.below(this.#version) : ++this.#version;
  }
}
