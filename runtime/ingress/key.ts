/**
 * Finds the key of an encoded event without decoding it. A pipeline's `key` and `broadcast` declarations are
 * compiled, once at start, to a small tree of field numbers; the scan walks the bytes, skips every other
 * field and never reads past the end. Malformed bytes are no error here, they just have no key.
 *
 * What a field counts as:
 * - the last occurrence wins, also across the members of a oneof, and occurrences of one embedded message
 *   merge: as in protobuf;
 * - a field without presence that holds its default ("", 0) counts as absent, as it would on the wire;
 * - a string or bytes field gives its bytes, an integer or enum field its decimal digits;
 * - `card[0:6]` gives the first six bytes of a string or bytes field, and is absent when there are fewer.
 */
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import type { KeyPath, Pipeline } from "../declare.ts";
import { fnv1a32 } from "./partition.ts";

/** Longest key, bytes. Kernels keep keys in their tables, so a longer one is refused at the door. */
export const KEY_BYTES_MAX = 1024;

/** What `partition` returns where there is no single partition. */
export const BROADCAST = -1;
export const NO_KEY = -2;

export interface KeyExtractor {
  /** The key's bytes (a copy), or why there is none. */
  extract(payload: Uint8Array): Uint8Array | "broadcast" | "no-key";
  /** The partition of the key among `partitions`, BROADCAST or NO_KEY; allocates nothing. */
  partition(payload: Uint8Array, partitions: number): number;
}

/** Throws a plain Error that names the pipeline, the path and the fix when the declaration does not fit `input`. */
export function compileKey(pipeline: Pick<Pipeline, "name" | "input" | "key" | "broadcast">): KeyExtractor {
  const plan = new Plan(pipeline.name, pipeline.input);
  if (pipeline.key.length === 0) return KEYLESS;
  const paths = pipeline.key.map((path) => plan.keyPath(path));
  const broadcasts = (pipeline.broadcast ?? []).map((field) => plan.broadcast(field));
  const scan = new Scan(plan.root, plan.slots);
  const scratch = new Uint8Array(KEY_BYTES_MAX);

  function fill(payload: Uint8Array): number {
    if (!scan.run(payload)) return NO_KEY;
    for (let i = 0; i < broadcasts.length; i++) if (scan.present(broadcasts[i])) return BROADCAST;
    for (let p = 0; p < paths.length; p++) {
      const slots = paths[p];
      if (!scan.allPresent(slots)) continue;
      let length = 0;
      for (let i = 0; i < slots.length && length >= 0; i++) {
        if (i > 0 && length < KEY_BYTES_MAX) scratch[length++] = 0;
        length = scan.write(slots[i], payload, scratch, length);
      }
      return length > 0 ? length : NO_KEY;
    }
    return NO_KEY;
  }

  return {
    extract(payload) {
      const length = fill(payload);
      return length === NO_KEY ? "no-key" : length === BROADCAST ? "broadcast" : scratch.slice(0, length);
    },
    partition(payload, partitions) {
      const length = fill(payload);
      return length < 0 ? length : fnv1a32(scratch, length) % partitions;
    },
  };
}

/** No key was declared: everything belongs to the one partition. */
const KEYLESS: KeyExtractor = {
  extract: () => new Uint8Array(0),
  partition: () => 0,
};

/** How the value of a slot is written on the wire and in the key. */
type Form = "bytes" | "message" | ScalarType;

/** One value that the scan looks for. */
interface Slot {
  readonly index: number;
  readonly form: Form;
  /** Only these bytes of the value: `[from:to]`. */
  readonly from: number;
  readonly to: number;
  /** A default value counts as present: `optional`, a member of a oneof, a message. */
  readonly explicit: boolean;
}

/** One message on the way: what to do at each of its field numbers. */
interface Node {
  readonly fields: Map<number, Step>;
}

interface Step {
  readonly wire: 0 | 1 | 2 | 5;
  readonly slots: Slot[];
  /** Set where the path goes on inside this message field. */
  into: Node | undefined;
  /** Slots that vanish when this field appears: those of other members of its oneof. */
  readonly clears: number[];
}

/** Builds the tree. Every path may name the same field again; slots are not shared, steps are. */
class Plan {
  readonly root: Node = { fields: new Map() };
  readonly slots: Slot[] = [];

  constructor(private readonly pipeline: string, private readonly input: DescMessage) {}

  error(state: string, fix: string): Error {
    return new Error(`Cannot compile the key of pipeline "${this.pipeline}": it ${state}. ${fix}.`);
  }

  keyPath(path: KeyPath): Slot[] {
    const fields = typeof path === "string" ? [path] : path;
    if (fields.length === 0) {
      throw this.error("has an empty list as key path", "Name at least one field in it");
    }
    return fields.map((field) => this.add(field, false));
  }

  broadcast(path: string): Slot {
    return this.add(path, true);
  }

  private add(path: string, isBroadcast: boolean): Slot {
    const slice = /^(.*)\[(\d+):(\d+)\]$/.exec(path);
    const names = (slice ? slice[1] : path).split(".");
    let message = this.input;
    let node = this.root;
    for (let i = 0;; i++) {
      const field = message.fields.find((candidate) => candidate.name === names[i]);
      if (field === undefined) {
        const known = message.fields.map((candidate) => candidate.name).join(", ");
        throw this.error(
          `names "${path}", and ${message.typeName} has no field "${names[i]}"`,
          `Its fields are: ${known}`,
        );
      }
      const last = i === names.length - 1;
      const form = this.form(path, field, last, isBroadcast);
      const step = this.step(node, message, field, form);
      if (!last) {
        step.into ??= { fields: new Map() };
        node = step.into;
        message = (field as DescField & { fieldKind: "message" }).message;
        continue;
      }
      const [from, to] = slice ? [Number(slice[2]), Number(slice[3])] : [0, Infinity];
      if (slice && form !== "bytes") {
        throw this.error(`cuts "${path}", which is not a string or bytes field`, "Leave the [from:to] away");
      }
      if (from >= to) throw this.error(`cuts "${path}" to nothing`, "Write [from:to] with from below to");
      const slot = { index: this.slots.length, form, from, to, explicit: explicitPresence(field) };
      this.slots.push(slot);
      step.slots.push(slot);
      this.clearWithOneof(names.slice(0, i + 1), slot.index);
      return slot;
    }
  }

  private form(path: string, field: DescField, last: boolean, isBroadcast: boolean): Form {
    if (field.fieldKind === "list" || field.fieldKind === "map") {
      throw this.error(`names "${path}", where "${field.name}" is repeated`, "Name a single field");
    }
    if (field.fieldKind === "message") {
      if (field.delimitedEncoding) {
        throw this.error(
          `names "${path}", where "${field.name}" is a group`,
          "Use an ordinary message field",
        );
      }
      if (last && !isBroadcast) {
        throw this.error(
          `names "${path}", which is a message`,
          `Name a field inside it: "${path}.…"`,
        );
      }
      return "message";
    }
    if (!last) {
      throw this.error(
        `names "${path}", and "${field.name}" is not a message`,
        `End the path at "${field.name}"`,
      );
    }
    if (field.fieldKind === "enum") return ScalarType.INT32;
    switch (field.scalar) {
      case ScalarType.STRING:
      case ScalarType.BYTES:
        return "bytes";
      case ScalarType.FLOAT:
      case ScalarType.DOUBLE:
      case ScalarType.BOOL:
        if (isBroadcast && field.scalar === ScalarType.BOOL) return ScalarType.BOOL;
        throw this.error(
          `names "${path}", which is a ${ScalarType[field.scalar].toLowerCase()}`,
          "Use a string, bytes, integer or enum field",
        );
      default:
        return field.scalar;
    }
  }

  private step(node: Node, message: DescMessage, field: DescField, form: Form): Step {
    let step = node.fields.get(field.number);
    if (step === undefined) {
      step = { wire: wireOf(form), slots: [], into: undefined, clears: [] };
      node.fields.set(field.number, step);
    }
    // Its oneof's other members need a step as well: when one of them follows, this field is gone.
    for (const sibling of siblings(message, field)) {
      if (node.fields.has(sibling.number)) continue;
      const wire = wireOf(formOfAny(sibling));
      node.fields.set(sibling.number, { wire, slots: [], into: undefined, clears: [] });
    }
    return step;
  }

  /** At each level of the path that is in a oneof, the other members clear the slot. */
  private clearWithOneof(names: readonly string[], slot: number): void {
    let message = this.input;
    let node: Node | undefined = this.root;
    for (const name of names) {
      const field = message.fields.find((candidate) => candidate.name === name)!;
      for (const sibling of siblings(message, field)) node!.fields.get(sibling.number)!.clears.push(slot);
      node = node!.fields.get(field.number)!.into;
      if (field.fieldKind === "message") message = field.message;
    }
  }
}

function siblings(message: DescMessage, field: DescField): DescField[] {
  if (field.oneof === undefined) return [];
  return message.fields.filter((other) => other.oneof === field.oneof && other !== field);
}

function explicitPresence(field: DescField): boolean {
  return field.presence !== PRESENCE_IMPLICIT;
}

function formOfAny(field: DescField): Form {
  if (field.fieldKind === "enum") return ScalarType.INT32;
  if (field.fieldKind !== "scalar") return "message";
  return field.scalar === ScalarType.STRING || field.scalar === ScalarType.BYTES ? "bytes" : field.scalar;
}

function wireOf(form: Form): 0 | 1 | 2 | 5 {
  switch (form) {
    case "bytes":
    case "message":
      return 2;
    case ScalarType.DOUBLE:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return 1;
    case ScalarType.FLOAT:
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return 5;
    default:
      return 0;
  }
}

/** FeatureSet_FieldPresence.IMPLICIT, without loading descriptor.proto for it. */
const PRESENCE_IMPLICIT = 2;
const ABSENT = -1;
const NOTHING = new Uint8Array(0);
/** Deepest nesting of groups (an old encoding, only ever unknown here) that is skipped rather than refused. */
const GROUP_DEPTH_MAX = 32;

/** One walk over a payload; its arrays are used again for the next. */
class Scan {
  /** Byte ranges of "bytes" and "message" slots; ABSENT = not seen. */
  private readonly start: Int32Array;
  private readonly end: Int32Array;
  /** Low and high 32 bits of integer slots, as they stand on the wire. */
  private readonly low: Uint32Array;
  private readonly high: Uint32Array;
  // The cursor. `at` = -1 says that the bytes are malformed.
  private bytes: Uint8Array = NOTHING;
  private at = 0;
  private varintLow = 0;
  private varintHigh = 0;

  constructor(private readonly root: Node, slots: readonly Slot[]) {
    this.start = new Int32Array(slots.length);
    this.end = new Int32Array(slots.length);
    this.low = new Uint32Array(slots.length);
    this.high = new Uint32Array(slots.length);
  }

  /** False when the payload is not well-formed as far as it was looked at. */
  run(payload: Uint8Array): boolean {
    this.start.fill(ABSENT);
    this.bytes = payload;
    this.at = 0;
    const wellFormed = this.message(this.root, payload.length);
    this.bytes = NOTHING;
    return wellFormed;
  }

  present(slot: Slot): boolean {
    const start = this.start[slot.index];
    if (start === ABSENT) return false;
    if (slot.form === "message") return true;
    if (slot.form === "bytes") {
      const length = this.end[slot.index] - start;
      return slot.to === Infinity ? length > 0 : length >= slot.to;
    }
    return slot.explicit || this.low[slot.index] !== 0 || this.high[slot.index] !== 0;
  }

  allPresent(slots: readonly Slot[]): boolean {
    for (let i = 0; i < slots.length; i++) if (!this.present(slots[i])) return false;
    return true;
  }

  /** Appends the slot's key bytes at `length`; returns the new length, or NO_KEY when it does not fit. */
  write(slot: Slot, payload: Uint8Array, into: Uint8Array, length: number): number {
    if (slot.form !== "bytes") {
      const digits = digitsOf(slot.form as ScalarType, this.low[slot.index], this.high[slot.index]);
      if (length + digits.length > into.length) return NO_KEY;
      for (let i = 0; i < digits.length; i++) into[length++] = digits.charCodeAt(i);
      return length;
    }
    const from = this.start[slot.index] + slot.from;
    const to = Math.min(this.end[slot.index], this.start[slot.index] + slot.to);
    if (length + (to - from) > into.length) return NO_KEY;
    for (let i = from; i < to; i++) into[length++] = payload[i];
    return length;
  }

  private message(node: Node, end: number): boolean {
    while (this.at < end) {
      const tag = this.varint(end);
      if (tag < 8 || tag > 0xffffffff || !Number.isSafeInteger(tag)) return false;
      const wire = tag & 7;
      const number = tag >>> 3;
      const step = node.fields.get(number);
      if (step === undefined || step.wire !== wire) {
        if (!this.skip(wire, number, end, 0)) return false;
        continue;
      }
      for (let i = 0; i < step.clears.length; i++) this.start[step.clears[i]] = ABSENT;
      if (!this.value(step, end)) return false;
    }
    return true;
  }

  private value(step: Step, end: number): boolean {
    const began = this.at;
    if (step.wire === 2) {
      const length = this.varint(end);
      if (length < 0 || length > end - this.at) return false;
      const stop = this.at + length;
      for (const slot of step.slots) {
        this.start[slot.index] = this.at;
        this.end[slot.index] = stop;
      }
      if (step.into !== undefined && !this.message(step.into, stop)) return false;
      this.at = stop;
      return true;
    }
    if (step.wire === 0) {
      if (this.varint(end) < 0) return false;
    } else if (!this.fixed(step.wire === 1 ? 8 : 4, end)) {
      return false;
    }
    for (const slot of step.slots) {
      this.start[slot.index] = began;
      this.low[slot.index] = this.varintLow;
      this.high[slot.index] = this.varintHigh;
    }
    return true;
  }

  /** Steps over the value of a field that nobody asked for. */
  private skip(wire: number, number: number, end: number, depth: number): boolean {
    switch (wire) {
      case 0:
        return this.varint(end) >= 0;
      case 1:
        return this.fixed(8, end);
      case 2: {
        const length = this.varint(end);
        if (length < 0 || length > end - this.at) return false;
        this.at += length;
        return true;
      }
      case 3:
        while (depth < GROUP_DEPTH_MAX && this.at < end) {
          const tag = this.varint(end);
          if (tag < 8 || tag > 0xffffffff) return false;
          if ((tag & 7) === 4) return tag >>> 3 === number;
          if (!this.skip(tag & 7, tag >>> 3, end, depth + 1)) return false;
        }
        return false;
      case 5:
        return this.fixed(4, end);
      default:
        return false;
    }
  }

  /** Reads a varint: its value (inexact above 2^53; exact halves in varintLow/High), or -1 when malformed. */
  private varint(end: number): number {
    const bytes = this.bytes;
    let at = this.at;
    if (at >= end) return -1;
    let byte = bytes[at++];
    if (byte < 0x80) { // one byte: most tags and lengths
      this.at = at;
      this.varintLow = byte;
      this.varintHigh = 0;
      return byte;
    }
    let low = byte & 0x7f;
    let high = 0;
    for (let shift = 7; shift < 70; shift += 7) {
      if (at >= end) return -1;
      byte = bytes[at++];
      const part = byte & 0x7f;
      if (shift < 28) low |= part << shift;
      else if (shift === 28) {
        low |= part << 28;
        high = part >>> 4;
      } else if (shift < 63) high |= part << (shift - 32);
      else if (part > 1) return -1;
      else high |= part << 31;
      if (byte < 0x80) {
        this.at = at;
        this.varintLow = low >>> 0;
        this.varintHigh = high >>> 0;
        return this.varintHigh * 0x100000000 + this.varintLow;
      }
    }
    return -1;
  }

  private fixed(width: 4 | 8, end: number): boolean {
    const { bytes, at } = this;
    if (end - at < width) return false;
    this.varintLow = littleEndian(bytes, at);
    this.varintHigh = width === 8 ? littleEndian(bytes, at + 4) : 0;
    this.at = at + width;
    return true;
  }
}

function littleEndian(bytes: Uint8Array, at: number): number {
  return (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;
}

/** Decimal digits of an integer as its declared type reads the wire's bits. */
function digitsOf(type: ScalarType, low: number, high: number): string {
  switch (type) {
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return String(low);
    case ScalarType.INT32:
    case ScalarType.SFIXED32:
      return String(low | 0);
    case ScalarType.SINT32:
      return String((low >>> 1) ^ -(low & 1));
  }
  if (high === 0 && type !== ScalarType.SINT64) return String(low);
  const bits = (BigInt(high) << 32n) | BigInt(low);
  switch (type) {
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return String(bits);
    case ScalarType.SINT64:
      return String((bits >> 1n) ^ -(bits & 1n));
    default:
      return String(BigInt.asIntN(64, bits));
  }
}
