/**
 * Counting: messages of an account in the last 1 and 5 seconds and through each session, and what the
 * order-to-trade and cancel ratios are made of. Declined messages count for the rates, only those that went
 * through count for the ratios.
 */
import { fresh } from "../lib/table";
import { Account, RATE_SLOT_MICROS, RATE_SLOTS, Session, sessions } from "./state";

// @ts-ignore: decorator
@inline const TOKEN: i64 = 1_000_000;

/** Counts one message. Counters cover whole quarter seconds, so they never miss one of the last second. */
export function countMessage(account: Account, now: i64): void {
  const slot = now / RATE_SLOT_MICROS;
  const passed = slot - account.rateSlot;
  if (passed > 0) {
    if (passed >= <i64>RATE_SLOTS) clearRates(account);
    else for (let i = account.rateSlot + 1; i <= slot; i++) store<u16>(counter(account, i), 0);
    account.rateSlot = slot;
  }
  const at = counter(account, slot);
  const count = load<u16>(at);
  if (count < 0xffff) store<u16>(at, count + 1);
}

// @ts-ignore: decorator
@inline
function counter(account: Account, slot: i64): usize {
  return changetype<usize>(account) + offsetof<Account>("rate0") + (<usize>(<u64>slot % RATE_SLOTS) << 1);
}

/** Messages in the `slots` newest quarter seconds and the one under way, as of the last one counted. */
export function messagesIn(account: Account, slots: u32): i64 {
  let sum: u32 = 0, at = <u32>(<u64>account.rateSlot % RATE_SLOTS);
  const base = changetype<usize>(account) + offsetof<Account>("rate0");
  for (let i: u32 = 0; i <= slots; i++) {
    sum += <u32>load<u16>(base + (<usize>at << 1));
    at = at ? at - 1 : RATE_SLOTS - 1;
  }
  return <i64>sum;
}

/** The same for 20 slots: all counters, four at a time, but for the three that are older. */
export function messagesIn5s(account: Account): i64 {
  const base = changetype<usize>(account) + offsetof<Account>("rate0");
  let pairs: u64 = 0;
  for (let i: usize = 0; i < 48; i += 8) {
    const four = load<u64>(base + i);
    pairs += (four & 0x0000ffff0000ffff) + ((four >> 16) & 0x0000ffff0000ffff);
  }
  let sum = <u32>pairs + <u32>(pairs >> 32), at = <u32>(<u64>account.rateSlot % RATE_SLOTS);
  for (let i = 0; i < 3; i++) {
    at = at + 1 == RATE_SLOTS ? 0 : at + 1;
    sum -= <u32>load<u16>(base + (<usize>at << 1));
  }
  return <i64>sum;
}

export function clearRates(account: Account): void {
  account.rate0 = 0;
  account.rate1 = 0;
  account.rate2 = 0;
  account.rate3 = 0;
  account.rate4 = 0;
  account.rate5 = 0;
}

/** Whole tokens left when a message finds none; -1 = it took one; -2 = the bound on state is reached. */
export function takeToken(account: Account, session: u32, now: i64): i64 {
  if (!account.sessionUsed) {
    account.sessionUsed = true;
    account.session = session;
    account.sessionLevel = <i64>account.sessionBurst * TOKEN;
    account.sessionLast = now;
  }
  if (account.session == session) {
    return take(account, account.sessionLevel, account.sessionLast, now, offsetof<Account>("sessionLevel") + changetype<usize>(account));
  }
  const row = sessions.upsert128(account.id, session);
  if (!changetype<usize>(row)) return -2;
  if (fresh() || row.generation != account.generation) {
    row.generation = account.generation;
    row.level = <i64>account.sessionBurst * TOKEN;
    row.last = now;
  }
  return take(account, row.level, row.last, now, offsetof<Session>("level") + changetype<usize>(row));
}

/** Fills the bucket for the time passed and takes a token; level and last time stand at `bucket`. */
// @ts-ignore: decorator
@inline
function take(account: Account, level: i64, last: i64, now: i64, bucket: usize): i64 {
  const rate = <i64>account.sessionRate, size = <i64>account.sessionBurst * TOKEN;
  const passed = now - last;
  level = passed >= 60_000_000_000 && rate ? size : min<i64>(size, level + passed * rate);
  store<i64>(bucket, level >= TOKEN ? level - TOKEN : level);
  store<i64>(bucket, now, 8);
  return level >= TOKEN ? -1 : level / TOKEN;
}

/** Moves the ratio counters to the period of `now`: the period under way and the one before count. */
export function turnPeriod(account: Account, now: i64): void {
  if (<u64>(now - account.ratioPeriod * account.ratioWindow) < <u64>account.ratioWindow) return;
  const period = now / account.ratioWindow;
  const passed = period - account.ratioPeriod;
  if (!passed) return;
  const next = passed == 1;
  account.messagesPast = next ? account.messagesNow : 0;
  account.tradesPast = next ? account.tradesNow : 0;
  account.ordersPast = next ? account.ordersNow : 0;
  account.cancelsPast = next ? account.cancelsNow : 0;
  clearPeriod(account, period);
}

function clearPeriod(account: Account, period: i64): void {
  account.ratioPeriod = period;
  account.messagesNow = 0;
  account.tradesNow = 0;
  account.ordersNow = 0;
  account.cancelsNow = 0;
}

/** Nothing was counted yet. */
export function clearRatios(account: Account): void {
  clearPeriod(account, -2);
  account.messagesPast = 0;
  account.tradesPast = 0;
  account.ordersPast = 0;
  account.cancelsPast = 0;
}
