/** What the actor answers when asked for an account: its decimal id in, an AccountState out. */
import {
  beginAccountState_instruments, endAccountState_instruments, writeAccountState_account, writeAccountState_cash,
  writeAccountState_exposure, writeAccountState_holds, writeAccountState_limitVersion, writeAccountState_messages1s,
  writeAccountState_messages5s, writeAccountState_newest, writeAccountState_openOrders, writeAccountState_openValue,
  writeAccountState_positions, writeAccountState_shortExposure, writePositionState_borrow, writePositionState_instrument,
  writePositionState_limitVersion, writePositionState_marked, writePositionState_net, writePositionState_openOrders,
  writePositionState_pendingBuy, writePositionState_pendingSell, writePositionState_pendingShort,
} from "../gen/order";
import { answer, scratch } from "../lib/effects";
import { messagesIn, messagesIn5s } from "./messages";
import { Account, accounts, Position } from "./state";

// @ts-ignore: decorator
@inline const INSTRUMENTS_MAX: u32 = 64;
// @ts-ignore: decorator
@inline const WALK_MAX: u32 = 4096;

export function queryAccount(key: usize, length: u32): bool {
  let id: u64 = 0;
  if (!length || length > 20) return false;
  for (let i: usize = 0; i < <usize>length; i++) {
    const digit = <u64>load<u8>(key + i) - 0x30;
    if (digit > 9 || id > (u64.MAX_VALUE - digit) / 10) return false;
    id = id * 10 + digit;
  }
  const account = accounts.find64(id);
  if (!changetype<usize>(account)) return false;
  const held = countHeld(account);
  if (!account.open && !account.cash && !held) return false; // about to be forgotten
  answer(scratch(), <u32>(write(account, held) - scratch()));
  return true;
}

/** Instruments with anything to tell. */
function countHeld(account: Account): u32 {
  let count: u32 = 0, walked: u32 = 0;
  for (let at = account.positions; at && walked < WALK_MAX; at = changetype<Position>(at).next, walked++) {
    if (isHeld(changetype<Position>(at))) count++;
  }
  return count;
}

function isHeld(position: Position): bool {
  return position.net != 0 || position.openOrders != 0 || position.borrow != 0 || position.limited;
}

function write(account: Account, held: u32): usize {
  let p = writeAccountState_account(scratch(), account.id);
  p = writeAccountState_limitVersion(p, account.version);
  p = writeAccountState_cash(p, account.cash);
  p = writeAccountState_holds(p, account.holds);
  p = writeAccountState_openValue(p, account.openValue);
  p = writeAccountState_exposure(p, account.exposure);
  p = writeAccountState_shortExposure(p, account.shortExposure);
  p = writeAccountState_openOrders(p, account.openOrders);
  p = writeAccountState_positions(p, held);
  p = writeAccountState_messages1s(p, account.open ? <u32>messagesIn(account, 4) : 0);
  p = writeAccountState_messages5s(p, account.open ? <u32>messagesIn5s(account) : 0);
  p = writeAccountState_newest(p, account.newest);
  let written: u32 = 0, walked: u32 = 0;
  for (let at = account.positions; at && walked < WALK_MAX && written < INSTRUMENTS_MAX; walked++) {
    const position = changetype<Position>(at);
    if (isHeld(position)) {
      p = writePosition(p, position);
      written++;
    }
    at = position.next;
  }
  return p;
}

function writePosition(out: usize, position: Position): usize {
  const begun = beginAccountState_instruments(out);
  let p = writePositionState_instrument(begun, position.instrument);
  p = writePositionState_net(p, position.net);
  p = writePositionState_pendingBuy(p, position.pendingBuy);
  p = writePositionState_pendingSell(p, position.pendingSell);
  p = writePositionState_pendingShort(p, position.pendingShort);
  p = writePositionState_marked(p, position.marked);
  p = writePositionState_limitVersion(p, position.version);
  p = writePositionState_borrow(p, position.borrow);
  p = writePositionState_openOrders(p, position.openOrders);
  return endAccountState_instruments(begun, p);
}
