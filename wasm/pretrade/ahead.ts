/**
 * Asks for the memory that the next events of a frame will need: orders by their keys, then the positions that
 * those name, then their accounts; the accounts of new orders by their keys. It only reads; an event that it
 * misreads is merely slower. What orders it finds it keeps for the events, so that they need not search again.
 */
import { AHEAD, alone, askSlot, entryFound, SINK, UNASKED } from "../lib/ahead";
import { hashOf } from "../lib/keys";
import { at, varint } from "../lib/wire";
import { Account, accounts, Order, orders, Position, positions } from "./state";

/** What an order's request reads of it: its key, and what comes before the links. */
// @ts-ignore: decorator
@inline const ORDER_BYTES: usize = 24 + offsetof<Order>("next");

/** Of an account, all but what stands last. */
// @ts-ignore: decorator
@inline const ACCOUNT_BYTES: usize = offsetof<Account>("client");

/**
 * The group's orders: account u64, order u64, then questions u32: the order, the same in the old
 * index, the account. The first is replaced by the entry once it is known.
 */
const rows = memory.data(<i32> AHEAD * 32, 8);
/** Addresses of positions, then of accounts. */
const places = memory.data(<i32> AHEAD * 4, 8);
let group: usize = 0;
/** The row that the next event is likely to be about. */
let turn: usize = 0;
let asking: bool = false;

/** The payload is `at`, then `account`, then a request with its order first; else it is passed over. */
export function noteAhead(payload: usize, length: u32): void {
  if (!asking) {
    asking = true;
    group = 0;
  }
  const end = payload + length;
  let p = payload, account: u64 = 0;
  for (let field = 0; field < 3 && p + 5 < end; field++) {
    const tag = <u32>load<u8>(p);
    if (tag == 8 || tag == 16) {
      const value = varint(p + 1, end);
      if (!at) return;
      if (tag == 16) account = value;
      p = at;
      continue;
    }
    if (tag < 26 || tag > 58 || load<u8>(p, 2) != 8 || !account) return;
    const order = varint(p + 3, end);
    if (!at || group == AHEAD) return;
    const row = rows + group * 32;
    store<u64>(row, account);
    store<u64>(row, order, 8);
    store<u32>(row, orders.ask128(account, order, ORDER_BYTES), 16);
    store<u32>(row, orders.askOld128(account, order, ORDER_BYTES), 20);
    group++;
    store<u32>(row, tag == 26 || alone ? askAccount(row) : UNASKED, 24);
    if (tag == 26) {
      if (at + 1 < end && load<u8>(at) == 16) positions.ahead128(account, varint(at + 1, end));
    }
    return;
  }
}

/** The account whose id stands first in a row. */
function askAccount(row: usize): u32 {
  const tag = hashOf(row, 8);
  return askSlot(accounts.index + (<usize>(tag & accounts.mask) << 3), tag, accounts.entryBytes);
}

/** After the orders have come. */
export function lookBeyond(): void {
  if (!asking) group = 0;
  asking = false;
  turn = 0;
  let sum = positions.idleAhead();
  for (let i: usize = 0; i < group; i++) {
    const row = rows + i * 32;
    const entry = entryFound(load<u32>(row, 16)) || entryFound(load<u32>(row, 20));
    store<u32>(row, <u32>entry, 16);
    const account = entryFound(load<u32>(row, 24));
    const first = account ? load<u32>(account, 16 + offsetof<Account>("positions")) : 0; // a new one links to it
    store<u32>(places + (i << 2), entry ? load<u32>(entry, 24 + offsetof<Order>("position")) : first);
  }
  for (let i: usize = 0; i < group; i++) {
    const position = <usize>load<u32>(places + (i << 2));
    if (position) sum += load<u32>(position) + load<u32>(position, 64) + load<u32>(position, 124) + load<u32>(position, 132);
  }
  store<u32>(SINK, sum);
  for (let i: usize = 0; i < group; i++) {
    const position = <usize>load<u32>(places + (i << 2));
    store<u32>(places + (i << 2), position ? load<u32>(position, offsetof<Position>("account")) : 0);
  }
  for (let i: usize = 0; i < group; i++) {
    let line = <usize>load<u32>(places + (i << 2));
    if (!line) continue;
    const stop = line + ACCOUNT_BYTES;
    for (; line < stop; line += 64) sum += load<u32>(line);
    sum += load<u32>(stop - 4);
  }
  store<u32>(SINK, sum);
}

/** The order, open or closed, or 0. An entry that was found ahead of time counts if it is still that order's. */
export function orderOf(account: u64, id: u64): Order {
  for (let i = turn; i < group; i++) {
    const row = rows + i * 32;
    if (load<u64>(row) != account || load<u64>(row, 8) != id) continue;
    turn = i + 1;
    const found = orders.valueIn(<usize>load<u32>(row, 16), account, id);
    if (changetype<usize>(found)) return found;
    break;
  }
  return orders.find128(account, id);
}
