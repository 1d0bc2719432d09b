/** The distinct cards that tried a BIN × merchant within the window: each once, with its newest amount. */
import { alloc, release, touch } from "../lib/memory";
import { sameBytes } from "../lib/keys";

// @ts-ignore: decorator
@inline
export const CARDS_MAX: u32 = 32;

// @ts-ignore: decorator
@inline
const FIRST_CAPACITY: u32 = 4;

@unmanaged
export class Attempts {
  newest: i64;
  blockedAt: i64;
  blockedUntil: i64;
  blocks: u32;
  /** The highest clock at which it was used, in units of 2^20 µs. */
  seen: u32;
  count: u32;
  capacity: u32;
  block: usize;
}

/** One card. A block of 32 fits a page of memory, so one `touch` covers it. */
@unmanaged
class Attempt {
  at: i64;
  amount: i64;
  currency: u32;
  length: u32;
  card0: u64;
  card1: u64;
  card2: u64;
  card3: u64;
  card4: u64;
  card5: u64;
  card6: u64;
  card7: u64;
}

// @ts-ignore: decorator
@inline
function attemptAt(known: Attempts, index: u32): Attempt {
  return changetype<Attempt>(known.block + <usize> index * offsetof<Attempt>());
}

// @ts-ignore: decorator
@inline
function cardOf(attempt: Attempt): usize {
  return changetype<usize>(attempt) + offsetof<Attempt>("card0");
}

/**
 * Drops what has left the window that ends at `newest` and remembers a payment that is in it. A card that is
 * there with a newer payment keeps that one. False = no room, and nothing was remembered.
 */
export function record(
  known: Attempts,
  newest: i64,
  window: i64,
  at: i64,
  amount: i64,
  currency: u32,
  card: usize,
  length: u32,
): bool {
  if (known.count) touch(known.block);
  expire(known, newest - window);
  if (newest - at >= window) return true;
  for (let i: u32 = 0; i < known.count; i++) {
    const attempt = attemptAt(known, i);
    if (attempt.length != length || !sameBytes(cardOf(attempt), card, length)) continue;
    if (attempt.at > at) return true;
    attempt.at = at;
    attempt.amount = amount;
    attempt.currency = currency;
    return true;
  }
  if (known.count == known.capacity && !makeRoom(known)) return false;
  touch(known.block);
  const attempt = attemptAt(known, known.count++);
  attempt.at = at;
  attempt.amount = amount;
  attempt.currency = currency;
  attempt.length = length;
  memory.copy(cardOf(attempt), card, length);
  return true;
}

/** Cards whose amount is in the same currency and differs by at most `permille` of the larger of the two. */
export function countAlike(known: Attempts, amount: i64, currency: u32, permille: u32): u32 {
  let count: u32 = 0;
  for (let i: u32 = 0; i < known.count; i++) {
    const attempt = attemptAt(known, i), other = attempt.amount;
    if (attempt.currency != currency) continue;
    if (abs<i64>(other - amount) * 1000 <= max<i64>(other, amount) * permille) count++;
  }
  return count;
}

/** Distinct cards in the window that ends at the newest event time. */
export function countRecent(known: Attempts, window: i64): u32 {
  let count: u32 = 0;
  for (let i: u32 = 0; i < known.count; i++) {
    if (known.newest - attemptAt(known, i).at < window) count++;
  }
  return count;
}

export function forgetAttempts(known: Attempts): void {
  releaseAttempts(known);
  known.block = 0;
  known.capacity = 0;
  known.count = 0;
}

/** Gives back what it holds in the arena; the entry itself is not written. */
export function releaseAttempts(known: Attempts): void {
  if (known.block) release(known.block, <usize> known.capacity * offsetof<Attempt>());
}

function expire(known: Attempts, horizon: i64): void {
  let kept: u32 = 0;
  for (let i: u32 = 0; i < known.count; i++) {
    if (attemptAt(known, i).at <= horizon) continue;
    if (kept != i) {
      memory.copy(
        changetype<usize>(attemptAt(known, kept)),
        changetype<usize>(attemptAt(known, i)),
        offsetof<Attempt>(),
      );
    }
    kept++;
  }
  known.count = kept;
}

/** Doubles the block; at the bound the oldest card leaves. */
function makeRoom(known: Attempts): bool {
  if (known.capacity == CARDS_MAX) {
    dropOldest(known);
    return true;
  }
  const capacity = known.capacity ? known.capacity * 2 : FIRST_CAPACITY;
  const block = alloc(<usize> capacity * offsetof<Attempt>());
  if (!block) return false;
  memory.copy(block, known.block, <usize> known.count * offsetof<Attempt>());
  releaseAttempts(known);
  known.block = block;
  known.capacity = capacity;
  return true;
}

function dropOldest(known: Attempts): void {
  let oldest: u32 = 0;
  for (let i: u32 = 1; i < known.count; i++) {
    if (attemptAt(known, i).at < attemptAt(known, oldest).at) oldest = i;
  }
  known.count--;
  for (let i = oldest; i < known.count; i++) {
    memory.copy(
      changetype<usize>(attemptAt(known, i)),
      changetype<usize>(attemptAt(known, i + 1)),
      offsetof<Attempt>(),
    );
  }
}
