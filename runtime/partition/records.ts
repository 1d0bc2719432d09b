/** Cursors over the events and effects regions of a frame: no copies, no objects per record. */
import { readVarint, skipField } from "./wire.ts";

export const EVENT_KIND = { EVENT: 0, TIMER: 1, QUARANTINED: 2, WATERMARK: 3, UNFIT: 4 } as const;

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

/** Steps through a region; after each `next()` that answers true its fields describe one Effect. */
export class EffectCursor {
  event = 0;
  kind = 0;
  payload: Uint8Array = NOTHING;
  key: Uint8Array = NOTHING;
  reason = 0;
  originalFrame = 0;
  originalEvent = 0;
  channel = 0;
  readonly #region: Uint8Array;
  #at = 0;

  constructor(region: Uint8Array) {
    this.#region = region;
  }

  next(): boolean {
    const region = this.#region;
    if (this.#at >= region.length) return false;
    const length = readVarint(region, this.#at + 1);
    const end = length.next + length.value;
    let at = length.next;
    this.event =
      this.kind =
      this.reason =
      this.originalFrame =
      this.originalEvent =
      this.channel =
        0;
    this.payload = this.key = NOTHING;
    while (at < end) {
      const tag = region[at++];
      if (tag === 0x1a || tag === 0x22) {
        const size = readVarint(region, at);
        at = size.next + size.value;
        const bytes = region.subarray(size.next, at);
        if (tag === 0x1a) this.payload = bytes;
        else this.key = bytes;
        continue;
      }
      const field = readVarint(region, at);
      if (tag === 0x08) this.event = field.value;
      else if (tag === 0x10) this.kind = field.value;
      else if (tag === 0x28) this.reason = field.value;
      else if (tag === 0x30) this.originalFrame = field.value;
      else if (tag === 0x38) this.originalEvent = field.value;
      else if (tag === 0x40) this.channel = field.value;
      else {
        at = skipUnknown(region, at - 1);
        continue;
      }
      at = field.next;
    }
    this.#at = end;
    return true;
  }
}

/** Steps through a region; after each `next()` that answers true its fields describe one Event. */
export class EventCursor {
  payload: Uint8Array = NOTHING;
  id: Uint8Array = NOTHING;
  source: Uint8Array = NOTHING;
  sequence = 0;
  kind = 0;
  /** Of a UNFIT one: why, and the media type of its payload. */
  reason = 0;
  type: Uint8Array = NOTHING;
  /** The record itself, tag and length included. */
  record: Uint8Array = NOTHING;
  readonly #region: Uint8Array;
  #at = 0;

  constructor(region: Uint8Array) {
    this.#region = region;
  }

  next(): boolean {
    const region = this.#region;
    if (this.#at >= region.length) return false;
    const length = readVarint(region, this.#at + 1);
    const end = length.next + length.value;
    let at = length.next;
    this.record = region.subarray(this.#at, end);
    this.payload =
      this.id =
      this.source =
      this.type =
        NOTHING;
    this.sequence = this.kind = this.reason = 0;
    while (at < end) {
      const tag = region[at++];
      if (tag === 0x0a || tag === 0x12 || tag === 0x1a || tag === 0x3a) {
        const size = readVarint(region, at);
        at = size.next + size.value;
        const bytes = region.subarray(size.next, at);
        if (tag === 0x0a) this.payload = bytes;
        else if (tag === 0x12) this.id = bytes;
        else if (tag === 0x1a) this.source = bytes;
        else this.type = bytes;
        continue;
      }
      const field = readVarint(region, at);
      if (tag === 0x20) this.sequence = field.value;
      else if (tag === 0x28) this.kind = field.value;
      else if (tag === 0x30) this.reason = field.value;
      else {
        at = skipUnknown(region, at - 1);
        continue;
      }
      at = field.next;
    }
    this.#at = end;
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

function skipUnknown(region: Uint8Array, at: number): number {
  const tag = readVarint(region, at);
  const next = skipField(region, tag.next, tag.value);
  return next < 0 ? region.length : next;
}
