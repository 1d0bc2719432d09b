/**
 * Accumulators for the test kernels of windows: one that can be unmerged, and one that cannot and holds memory
 * of the arena, so that what is not given back shows.
 */
import { alloc, release, touch } from "../../../wasm/lib/memory";

@unmanaged
export class Sums {
  count: i64;
  sum: i64;

  merge(from: Sums): bool {
    this.count += from.count;
    this.sum += from.sum;
    return true;
  }
  unmerge(from: Sums): void {
    this.count -= from.count;
    this.sum -= from.sum;
  }
  // @ts-ignore: decorator
  @inline
 invertible(): bool {
    return true;
  }
  free(): void {}

  put(value: i64): bool {
    this.count++;
    this.sum += value;
    return true;
  }
  lowest(): i64 {
    return 0;
  }
  mixed(): i64 {
    return 0;
  }
}

@unmanaged
class Item {
  value: i64;
  next: usize;
}

@unmanaged
export class Bag {
  count: i64;
  sum: i64;
  lowestPlus: i64;
  items: usize;

  merge(from: Bag): bool {
    for (let at = from.items; at; at = changetype<Item>(at).next) {
      if (!this.put(changetype<Item>(at).value)) return false;
    }
    return true;
  }
  unmerge(from: Bag): void {
    unreachable();
  }
  // @ts-ignore: decorator
  @inline
 invertible(): bool {
    return false;
  }
  free(): void {
    let at = this.items;
    while (at) {
      const next = changetype<Item>(at).next;
      touch(at);
      release(at, 16);
      at = next;
    }
    this.items = 0;
  }

  put(value: i64): bool {
    const item = alloc(16);
    if (!item) return false;
    changetype<Item>(item).value = value;
    changetype<Item>(item).next = this.items;
    this.items = item;
    this.lowestPlus = this.count ? min(this.lowestPlus, value) : value;
    this.count++;
    this.sum += value;
    return true;
  }
  lowest(): i64 {
    return this.lowestPlus;
  }
  /** Something of each value that does not depend on their order. */
  mixed(): i64 {
    let all: i64 = 0;
    for (let at = this.items; at; at = changetype<Item>(at).next) {
      const value = changetype<Item>(at).value;
      all += value * value ^ (value << 7);
    }
    return all;
  }
}
