/**
 * Asks for the memory that the next events of a frame will need: accounts and orders by their keys, then the
 * positions that those orders name. It only reads; an event that it misreads is merely slower.
 */
import { AHEAD, SINK } from "../lib/ahead";
import { at, varint } from "../lib/wire";
import { accounts, orders, Position, positions } from "./state";

/** (account, order) of each event of the group. Scratch. */
const rows = memory.data(16 * 16, 8);
let group: u32 = 0;

/** The payload is `at`, then `account`, then a request with its order first; else it is passed over. */
export function noteAhead(payload: usize, length: u32): void {
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
    if (!at) return;
    accounts.ahead64(account);
    orders.ahead128(account, order);
    if (tag == 26 && at + 1 < end && load<u8>(at) == 16) positions.ahead128(account, varint(at + 1, end));
    if (group == AHEAD) return;
    store<u64>(rows + (<usize>group << 4), account);
    store<u64>(rows + (<usize>group << 4), order, 8);
    group++;
    return;
  }
}

/** After accounts and orders have come. */
export function lookBeyond(): void {
  const end = rows + (<usize>group << 4);
  let sum: u32 = 0;
  for (let row = rows; row < end; row += 16) {
    const order = orders.find128(load<u64>(row), load<u64>(row, 8));
    store<u32>(row, changetype<usize>(order) ? <u32>order.position : 0);
  }
  for (let row = rows; row < end; row += 16) {
    const position = <usize>load<u32>(row);
    if (!position) continue;
    sum += load<u32>(position) + load<u32>(position, 64) + load<u32>(position, 128) + load<u32>(position, 192);
  }
  store<u32>(SINK, sum);
  group = 0;
}
