/**
 * Events with what was looked up for them, in their encoded bytes. What an event itself holds in the fields of a
 * lookup is nobody's word: it is taken out. Bytes that cannot be walked here are never let through to a kernel
 * that might read them otherwise.
 */
import type { LookupSpec, LookupSpecs, Pipeline } from "../declare.ts";
import { bytesEqual } from "../hash.ts";
import { concat, readVarint, skipField, varintBytes, writeVarint } from "../partition/wire.ts";

/** What a lookup came to, with what of it is recorded: fields of the message that it is for, encoded. */
export interface Answer {
  /** `none`: there was no answer in time. */
  readonly kind: "row" | "absent" | "none";
  readonly fields: Uint8Array;
}

/** The message in an event that lookups are for. */
export interface Subject {
  readonly start: number;
  readonly end: number;
  readonly lookups: readonly LookupSpec[];
  /** In an envelope: the tag before it, and where that begins. */
  readonly tag: number;
  readonly begin: number;
  /** Fields of the envelope that count for nothing, since another of the same oneof follows; offsets. */
  readonly overridden: readonly (readonly [start: number, end: number])[];
}

const NUMBER_MAX = 2 ** 29 - 1;
/** A tag and a length, at their longest. */
const HEADER_BYTES_MAX = 10;
const NOTHING = new Uint8Array(0);
const NOT_OVERRIDDEN: Subject["overridden"] = [];

export const ABSENT: Answer = { kind: "absent", fields: NOTHING };

/** A row that was found, as field `field` of the event, and that it was. */
export function foundRow({ field }: LookupSpec, row: Uint8Array): Answer {
  return { kind: "row", fields: concat(varints(field * 8 + 2, row.length), row, varints(field * 8 + 8, 1)) };
}

export function noAnswer({ field }: LookupSpec): Answer {
  return { kind: "none", fields: varints(field * 8 + 16, 1) };
}

export class LookupEvents {
  readonly #members: ReadonlySet<number> | undefined;
  readonly #byVariant = new Map<number | undefined, LookupSpec[]>();
  #scratch = new Uint8Array(4096);

  constructor({ members, of }: LookupSpecs) {
    this.#members = members && new Set(members);
    for (const spec of of) {
      const known = this.#byVariant.get(spec.variant);
      if (known) known.push(spec);
      else this.#byVariant.set(spec.variant, [spec]);
    }
  }

  /** The subject of an event's lookups; undefined where it has none. */
  find(payload: Uint8Array): Subject | "malformed" | undefined {
    if (!this.#members) {
      const lookups = this.#byVariant.get(undefined)!;
      return { start: 0, end: payload.length, lookups, tag: 0, begin: 0, overridden: NOT_OVERRIDDEN };
    }
    let begin = -1, start = 0, end = 0, tag = 0;
    let overridden: [number, number][] | undefined;
    for (let at = 0; at < payload.length;) {
      const from = at;
      const { value, next } = readVarint(payload, at);
      at = endOf(payload, value, next);
      if (at < 0) return "malformed";
      if ((value & 7) !== 2 || !this.#members.has(Math.floor(value / 8))) continue;
      if (begin >= 0) (overridden ??= []).push([begin, end]);
      [begin, start, end, tag] = [from, readVarint(payload, next).next, at, value];
    }
    const lookups = begin < 0 ? undefined : this.#byVariant.get(Math.floor(tag / 8));
    return lookups && { start, end, lookups, tag, begin, overridden: overridden ?? NOT_OVERRIDDEN };
  }

  /**
   * The event with the answers, one for each of the subject's lookups, and with nothing else in their fields. A
   * view that holds until the next call: memory of its own would cost more than all the rest.
   */
  enriched(payload: Uint8Array, subject: Subject, answers: readonly Answer[]): Uint8Array | "malformed" {
    const own = ownFields(payload, subject);
    if (own === "malformed") return own;
    let bytesMax = payload.length + HEADER_BYTES_MAX;
    for (const { fields } of answers) bytesMax += fields.length;
    if (bytesMax > this.#scratch.length) this.#scratch = new Uint8Array(2 * bytesMax);
    return this.#scratch.subarray(0, rebuild(this.#scratch, payload, subject, own, answers));
  }

  /** The event without anything in the fields of lookups: as its sender may have meant it. */
  bare(payload: Uint8Array): Uint8Array {
    const subject = this.find(payload);
    if (subject === undefined || subject === "malformed") return payload;
    const own = ownFields(payload, subject);
    if (own === "malformed") return payload;
    const made = new Uint8Array(payload.length + HEADER_BYTES_MAX);
    return made.subarray(0, rebuild(made, payload, subject, own, []));
  }
}

const eventsOf = new WeakMap<LookupSpecs, LookupEvents>();

/** Whether one sender may have sent both: what was looked up is not its word. */
export function sameEvent({ lookups }: Pick<Pipeline, "lookups">, a: Uint8Array, b: Uint8Array): boolean {
  if (!lookups) return bytesEqual(a, b);
  let events = eventsOf.get(lookups);
  if (!events) eventsOf.set(lookups, events = new LookupEvents(lookups));
  return bytesEqual(events.bare(a), events.bare(b));
}

/** The subject without what stands in the fields of lookups. */
function ownFields(payload: Uint8Array, { start, end, lookups }: Subject): Uint8Array | "malformed" {
  let parts: Uint8Array[] | undefined;
  let kept = start;
  for (let at = start; at < end;) {
    const from = at;
    let tag = payload[at++];
    if (tag >= 128) {
      const long = readVarint(payload, from);
      [tag, at] = [long.value, long.next];
    }
    at = endOf(payload, tag, at);
    if (at < 0 || at > end) return "malformed";
    if (tag < 128 || !isOfLookup(lookups, Math.floor(tag / 8))) continue;
    (parts ??= []).push(payload.subarray(kept, from));
    kept = at;
  }
  const rest = payload.subarray(kept, end);
  return parts ? concat(...parts, rest) : rest;
}

function isOfLookup(lookups: readonly LookupSpec[], number: number): boolean {
  for (const { field } of lookups) if (number >= field && number < field + 4) return true;
  return false;
}

/** Writes the event with its subject's fields and the answers behind them; gives its length. */
function rebuild(
  into: Uint8Array,
  payload: Uint8Array,
  { tag, begin, end, overridden }: Subject,
  own: Uint8Array,
  answers: readonly Answer[],
): number {
  let length = own.length;
  for (const { fields } of answers) length += fields.length;
  let at = 0, kept = 0;
  for (const [from, to] of overridden) {
    into.set(payload.subarray(kept, from), at);
    at += from - kept;
    kept = to;
  }
  if (begin > kept) into.set(payload.subarray(kept, begin), at);
  at += begin - kept;
  if (tag > 0) at = writeVarint(into, writeVarint(into, at, tag), length);
  into.set(own, at);
  at += own.length;
  for (const { fields } of answers) {
    into.set(fields, at);
    at += fields.length;
  }
  if (end < payload.length) into.set(payload.subarray(end), at);
  return at + payload.length - end;
}

function varints(first: number, second: number): Uint8Array {
  const bytes = new Uint8Array(varintBytes(first) + varintBytes(second));
  writeVarint(bytes, writeVarint(bytes, 0, first), second);
  return bytes;
}

/** Where a field ends; -1 where it is none. */
function endOf(bytes: Uint8Array, tag: number, next: number): number {
  const number = Math.floor(tag / 8);
  if (number < 1 || number > NUMBER_MAX || next > bytes.length) return -1;
  const end = skipField(bytes, next, tag);
  return end > bytes.length ? -1 : end;
}
