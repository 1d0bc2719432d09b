/** Whose cancel the kill switches ask for: by the twin, looking at every open order each time. */
import type { PretradeModel } from "./pretrade.ts";
import type { KillModel } from "./pretrade_state.ts";

export interface Cancel {
  readonly kill: KillModel;
  readonly account: bigint;
  readonly order: bigint;
}

/** The open orders whose cancel the switches have yet to ask for. */
export function* toCancel(model: PretradeModel): Generator<Cancel> {
  for (const kill of model.kills.values()) {
    for (const [account, { orders }] of model.accounts) {
      for (const order of orders.keys()) {
        const cancel = { kill, account, order };
        if (isDue(model, cancel)) yield cancel;
      }
    }
  }
}

/** Whether the switch is engaged and about this order, which is open and was not asked for since. */
export function isDue(model: PretradeModel, { kill, account: accountId, order: orderId }: Cancel): boolean {
  const account = model.accounts.get(accountId), order = account?.orders.get(orderId);
  if (!account || !order) return false;
  if (model.kills.get(`${kill.scope}/${kill.id}`)?.number !== kill.number) return false;
  const about = [order.strategy, order.trader, account.desk, account.client][kill.scope - 1] ?? kill.id;
  return about === kill.id && order.killed < kill.number;
}

export function asked(model: PretradeModel, { kill, account, order }: Cancel): void {
  model.accounts.get(account)!.orders.get(order)!.killed = kill.number;
}
