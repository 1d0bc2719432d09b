/** Forgetting: rows that say nothing any more go, a look at one of them with each event. */
import { touch } from "../lib/memory";
import {
  Account, accountOf, accounts, CONTENTS, Position, positions, root, Session, sessions, strategies, traders,
} from "./state";

/** One step of forgetting what is empty: a look at one row of one table, in turn. */
export function forgetOne(): void {
  const turn = root.turn++ & 3;
  if (turn == 0) forgetPosition(positions.idle());
  else if (turn == 1) forgetSession(sessions.idle());
  else if (turn == 2) {
    const trader = traders.idle();
    if (changetype<usize>(trader) && isVoid(traders.keyOf(trader), trader.generation)) traders.remove(trader);
  } else {
    const strategy = strategies.idle();
    if (changetype<usize>(strategy) && isVoid(strategies.keyOf(strategy), strategy.generation)) {
      strategies.remove(strategy);
    }
  }
}

/** A row whose account, the first half of its key, is gone or another. */
function isVoid(key: usize, generation: u32): bool {
  return accountOf(load<u64>(key)).generation != generation;
}

function forgetSession(session: Session): void {
  if (!changetype<usize>(session)) return;
  const account = accountOf(load<u64>(sessions.keyOf(session)));
  if (account.generation != session.generation || isFull(account, session)) sessions.remove(session);
}

/** A bucket that is full by now is as good as one never used. */
function isFull(account: Account, session: Session): bool {
  const rate = <i64> account.sessionRate, missing = <i64> account.sessionBurst * 1_000_000 - session.level;
  return missing <= 0 || rate > 0 && account.newest - session.last > missing / rate;
}

function forgetPosition(position: Position): void {
  if (!changetype<usize>(position) || position.net || position.openOrders || position.borrow) return;
  if (position.version || remembersContent(position)) return;
  const account = changetype<Account>(position.account);
  if (root.sweepPosition == changetype<usize>(position)) root.sweepPosition = position.next;
  if (position.previous) {
    touch(position.previous);
    changetype<Position>(position.previous).next = position.next;
  } else {
    touch(changetype<usize>(account));
    account.positions = position.next;
  }
  if (position.next) {
    touch(position.next);
    changetype<Position>(position.next).previous = position.previous;
  }
  positions.remove(position);
  forgetAccount(account);
}

function remembersContent(position: Position): bool {
  const account = changetype<Account>(position.account);
  if (position.contentGeneration != account.generation) return false;
  for (let i: usize = 0; i < CONTENTS; i++) {
    const at = load<i64>(changetype<usize>(position) + (i << 4), offsetof<Position>("content0") + 8) >> 2;
    if (at && account.newest - at < 3_600_000_000) return true;
  }
  return false;
}

/** Forgets an account that is closed and has nothing left. */
export function forgetAccount(account: Account): void {
  if (account.open || account.cash || account.positions) return;
  accounts.remove(account);
}
