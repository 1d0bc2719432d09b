/** Cursors over the events and effects regions of a frame: no copies, no objects per record. */
import { readVarint, skipField } from "./wire.ts";

export const EVENT_KIND = {
  EVENT: 0,
  TIMER: 1,
  QUARANTINED: 2,
  WATERMARK: 3,
  UNFIT: 4,
  CORRECTION: 5,
} as const;

export const EFFECT_KIND = {
  REPLY: 1,
  OUTPUT: 2,
  REJECT: 3,
  DUPLICATE: 4,
  STALE: 5,
  LATE: 6,
  ADVANCE: 7,
} as const;

/** Whether an effect is what the sender of its event is told; an event has one such effect at most. */
export function isAnswer(kind: number): boolean {
  return kind !== EFFECT_KIND.OUTPUT && kind < EFFECT_KIND.LATE;
}

const NOTHING = new Uint8Array(0);

/** Steps from record to record. What is bytes in one is found by its place, and made a view when it is asked for. */
class Records {
  protected readonly region: Uint8Array;
  protected at = 0;

  constructor(region: Uint8Array) {
    this.region = region;
  }

  protected varint(): number {
    const first = this.region[this.at];
    if (first < 128) {
      this.at++;
      return first;
    }
    const { value, next } = readVarint(this.region, this.at);
    this.at = next;
    return value;
  }

  protected view(start: number, end: number): Uint8Array {
    return start === end ? NOTHING : this.region.subarray(start, end);
  }

  protected skipUnknown(): void {
    const tag = readVarint(this.region, this.at);
    const next = skipField(this.region, tag.next, tag.value);
    this.at = next < 0 ? this.region.length : next;
  }
}

/** Steps through a region; after each `next()` that answers true its fields describe one Effect. */
export class EffectCursor extends Records {
  event = 0;
  kind = 0;
  reason = 0;
  originalFrame = 0;
  originalEvent = 0;
  channel = 0;
  #payloadAt = 0;
  #payloadEnd = 0;
  #keyAt = 0;
  #keyEnd = 0;

  get payload(): Uint8Array {
    return this.view(this.#payloadAt, this.#payloadEnd);
  }

  get key(): Uint8Array {
    return this.view(this.#keyAt, this.#keyEnd);
  }

  next(): boolean {
    const { region } = this;
    if (this.at >= region.length) return false;
    this.at++;
    const length = this.varint();
    const end = this.at + length;
    this.event =
      this.kind =
      this.reason =
      this.originalFrame =
      this.originalEvent =
      this.channel =
        0;
    this.#payloadAt =
      this.#payloadEnd =
      this.#keyAt =
      this.#keyEnd =
        0;
    while (this.at < end) {
      const tag = region[this.at++];
      if (tag === 0x08) this.event = this.varint();
      else if (tag === 0x10) this.kind = this.varint();
      else if (tag === 0x1a) {
        const size = this.varint();
        this.#payloadAt = this.at;
        this.#payloadEnd = this.at += size;
      } else if (tag === 0x22) {
        const size = this.varint();
        this.#keyAt = this.at;
        this.#keyEnd = this.at += size;
      } else if (tag === 0x28) this.reason = this.varint();
      else if (tag === 0x30) this.originalFrame = this.varint();
      else if (tag === 0x38) this.originalEvent = this.varint();
      else if (tag === 0x40) this.channel = this.varint();
      else {
        this.at--;
        this.skipUnknown();
      }
    }
    this.at = end;
    return true;
  }
}

/** Steps through a region; after each `next()` that answers true its fields describe one Event. */
export class EventCursor extends Records {
  sequence = 0;
  kind = 0;
  /** Of a UNFIT one: why, and the media type of its payload. */
  reason = 0;
  #recordAt = 0;
  #payloadAt = 0;
  #payloadEnd = 0;
  #idAt = 0;
  #idEnd = 0;
  #sourceAt = 0;
  #sourceEnd = 0;
  #typeAt = 0;
  #typeEnd = 0;

  get payload(): Uint8Array {
    return this.view(this.#payloadAt, this.#payloadEnd);
  }

  get id(): Uint8Array {
    return this.view(this.#idAt, this.#idEnd);
  }

  get source(): Uint8Array {
    return this.view(this.#sourceAt, this.#sourceEnd);
  }

  get hasSource(): boolean {
    return this.#sourceEnd > this.#sourceAt;
  }

  /** Whether that is its source; nothing is made to compare them. */
  isFrom(source: Uint8Array): boolean {
    if (source.length !== this.#sourceEnd - this.#sourceAt) return false;
    for (let i = 0; i < source.length; i++) if (source[i] !== this.region[this.#sourceAt + i]) return false;
    return true;
  }

  get type(): Uint8Array {
    return this.view(this.#typeAt, this.#typeEnd);
  }

  /** The record itself, tag and length included. */
  get record(): Uint8Array {
    return this.view(this.#recordAt, this.at);
  }

  next(): boolean {
    const { region } = this;
    if (this.at >= region.length) return false;
    this.#recordAt = this.at++;
    const length = this.varint();
    const end = this.at + length;
    this.sequence = this.kind = this.reason = 0;
    this.#payloadAt =
      this.#payloadEnd =
      this.#idAt =
      this.#idEnd =
        0;
    this.#sourceAt =
      this.#sourceEnd =
      this.#typeAt =
      this.#typeEnd =
        0;
    while (this.at < end) {
      const tag = region[this.at++];
      if (tag === 0x0a) {
        const size = this.varint();
        this.#payloadAt = this.at;
        this.#payloadEnd = this.at += size;
      } else if (tag === 0x12) {
        const size = this.varint();
        this.#idAt = this.at;
        this.#idEnd = this.at += size;
      } else if (tag === 0x1a) {
        const size = this.varint();
        this.#sourceAt = this.at;
        this.#sourceEnd = this.at += size;
      } else if (tag === 0x3a) {
        const size = this.varint();
        this.#typeAt = this.at;
        this.#typeEnd = this.at += size;
      } else if (tag === 0x20) this.sequence = this.varint();
      else if (tag === 0x28) this.kind = this.varint();
      else if (tag === 0x30) this.reason = this.varint();
      else {
        this.at--;
        this.skipUnknown();
      }
    }
    this.at = end;
    return true;
  }
}

/** Records in a region, counted by their lengths alone. */
export function countRecords(region: Uint8Array): number {
  let count = 0;
  for (let at = 0; at < region.length; count++) {
    const length = readVarint(region, at + 1);
    at = length.next + length.value;
  }
  return count;
}
