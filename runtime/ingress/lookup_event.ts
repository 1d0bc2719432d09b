/**
 * Events with what was looked up for them, in their encoded bytes. What an event itself holds in the fields of a
 * lookup is nobody's word: it is taken out. Bytes that cannot be walked here are never let through to a kernel
 * that might read them otherwise.
 */
import type { LookupSpec, LookupSpecs, Pipeline } from "../declare.ts";
import { bytesEqual } from "../hash.ts";
import { concat, readVarint, skipField, varintBytes, writeVarint } from "../partition/wire.ts";

/** What a lookup came to. */
export type Answer =
  | { readonly kind: "row"; readonly row: Uint8Array }
  | { readonly kind: "absent" }
  /** There was no answer in time. */
  | { readonly kind: "none" };

/** The message in an event that lookups are for. */
export interface Subject {
  readonly start: number;
  readonly end: number;
  readonly lookups: readonly LookupSpec[];
  /** The tag before it, in an envelope. */
  readonly tag: number;
  /** Fields of the envelope that count for nothing, since another of the same oneof follows; offsets. */
  readonly overridden: readonly (readonly [start: number, end: number])[];
}

const NUMBER_MAX = 2 ** 29 - 1;
const YES = Uint8Array.of(1);

export class LookupEvents {
  readonly #members: ReadonlySet<number> | undefined;
  readonly #byVariant = new Map<number | undefined, LookupSpec[]>();

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
      return { start: 0, end: payload.length, lookups, tag: 0, overridden: [] };
    }
    let begin = -1, start = 0, end = 0, tag = 0;
    const overridden: [number, number][] = [];
    for (let at = 0; at < payload.length;) {
      const from = at;
      const { value, next } = readVarint(payload, at);
      at = endOf(payload, value, next);
      if (at < 0) return "malformed";
      if ((value & 7) !== 2 || !this.#members.has(Math.floor(value / 8))) continue;
      if (begin >= 0) overridden.push([begin, end]);
      const length = readVarint(payload, next);
      [begin, start, end, tag] = [from, length.next, at, value];
    }
    const lookups = begin < 0 ? undefined : this.#byVariant.get(Math.floor(tag / 8));
    return lookups && { start, end, lookups, tag, overridden: [...overridden, [begin, end]] };
  }

  /** The event with the answers, one for each of the subject's lookups, and with nothing else in their fields. */
  enriched(payload: Uint8Array, subject: Subject, answers: readonly Answer[]): Uint8Array | "malformed" {
    const own = ownFields(payload, subject);
    if (own === "malformed") return own;
    const added = answers.flatMap((answer, i) => fieldsOf(subject.lookups[i].field, answer));
    return rebuilt(payload, subject, [...own, ...added]);
  }

  /** The event without anything in the fields of lookups: as its sender may have meant it. */
  bare(payload: Uint8Array): Uint8Array {
    const subject = this.find(payload);
    if (subject === undefined || subject === "malformed") return payload;
    const own = ownFields(payload, subject);
    return own === "malformed" ? payload : rebuilt(payload, subject, own);
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

/** The parts of the subject that are no answers of lookups. */
function ownFields(payload: Uint8Array, { start, end, lookups }: Subject): Uint8Array[] | "malformed" {
  const parts: Uint8Array[] = [];
  let kept = start;
  for (let at = start; at < end;) {
    const from = at;
    const { value, next } = readVarint(payload, at);
    at = endOf(payload, value, next);
    if (at < 0 || at > end) return "malformed";
    const number = Math.floor(value / 8);
    if (!lookups.some(({ field }) => number >= field && number < field + 4)) continue;
    if (from > kept) parts.push(payload.subarray(kept, from));
    kept = at;
  }
  if (end > kept) parts.push(payload.subarray(kept, end));
  return parts;
}

function fieldsOf(field: number, answer: Answer): Uint8Array[] {
  switch (answer.kind) {
    case "row":
      return [header(field * 8 + 2, answer.row.length), answer.row, header(field * 8 + 8), YES];
    case "absent":
      return [];
    case "none":
      return [header(field * 8 + 16), YES];
  }
}

/** The event around other parts of its subject. */
function rebuilt(
  payload: Uint8Array,
  { tag, overridden }: Subject,
  parts: readonly Uint8Array[],
): Uint8Array {
  if (tag === 0) return concat(...parts);
  const around: Uint8Array[] = [];
  let kept = 0;
  for (const [from, to] of overridden) {
    around.push(payload.subarray(kept, from));
    kept = to;
  }
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return concat(...around, header(tag, length), ...parts, payload.subarray(kept));
}

/** A tag, and a length where it has one. */
function header(tag: number, length?: number): Uint8Array {
  const bytes = new Uint8Array(varintBytes(tag) + (length === undefined ? 0 : varintBytes(length)));
  const at = writeVarint(bytes, 0, tag);
  if (length !== undefined) writeVarint(bytes, at, length);
  return bytes;
}

/** Where a field ends; -1 where it is none. */
function endOf(bytes: Uint8Array, tag: number, next: number): number {
  const number = Math.floor(tag / 8);
  if (number < 1 || number > NUMBER_MAX) return -1;
  const end = skipField(bytes, next, tag);
  return end > bytes.length || end <= next - 1 ? -1 : end;
}
