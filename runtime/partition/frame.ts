/**
 * The frame as bytes: one ledger message that makes events, the clock reading and every effect durable
 * together. Written by hand because it is on the hot path: the events and effects regions pass through as
 * they stand in linear memory. The schema is runtime/proto/frame.proto.
 */
import { bytesEqual, HASH_BYTES, hex, sha256 } from "../hash.ts";
import type { Micros } from "../world/clock.ts";
import { EFFECTS_TAG, EVENTS_TAG } from "../kernel/abi.ts";
import { concat, readVarint, skipField, varintBytes, writeVarint } from "./wire.ts";

export interface FrameHead {
  readonly epoch: number;
  readonly number: number;
  readonly clock: Micros;
  /** SHA-256 of kernel and parameters. */
  readonly kernel: Uint8Array;
  /** Chain of the frame before. */
  readonly previous: Uint8Array;
  readonly positions: readonly SourcePosition[];
  /**
   * Of a frame that begins an epoch: drawn by its writer, 32 bits. Without it two processes whose clocks stand still
   * would write the same bytes, and one that got no answer would take the other's frame for its own.
   */
  readonly taker?: number;
  /** Of a frame that begins an epoch: names of the outputs, by their channel in the effects of the epoch's frames. */
  readonly outputs?: readonly string[];
}

export interface Frame extends FrameHead {
  /** Events as they stand in the message: tag, length, Event, again and again. */
  readonly events: Uint8Array;
  readonly effects: Uint8Array;
  readonly chain: Uint8Array;
}

export interface SourcePosition {
  readonly source: string;
  readonly sequence: number;
}

/** Chain of "the frame before" the first. */
export const NO_CHAIN: Uint8Array = new Uint8Array(HASH_BYTES);

/** Bytes a frame adds to its events and effects, positions aside. */
export const FRAME_OVERHEAD = 4 * 11 + 3 * (2 + HASH_BYTES);

const OUTPUTS_TAG = 0x52;
const CHAIN_TAG = 0x7a;
const CHAIN_FIELD_BYTES = 2 + HASH_BYTES;

export function encodeFrame(
  head: FrameHead,
  events: Uint8Array,
  effects: Uint8Array,
): { message: Uint8Array; chain: Uint8Array; effectsAt: number } {
  const positions = head.positions.length === 0 ? NO_BYTES : encodePositions(head.positions);
  const outputs = head.outputs?.length ? encodeNames(head.outputs) : NO_BYTES;
  const extra = positions.length + outputs.length;
  const message = new Uint8Array(FRAME_OVERHEAD + extra + events.length + effects.length);
  let at = 0;
  message[at++] = 0x08;
  at = writeVarint(message, at, head.epoch);
  message[at++] = 0x10;
  at = writeVarint(message, at, head.number);
  message[at++] = 0x18;
  at = writeVarint(message, at, head.clock);
  at = writeHash(message, at, 0x22, head.kernel);
  at = writeHash(message, at, 0x2a, head.previous);
  if (head.taker) {
    message[at++] = 0x48;
    at = writeVarint(message, at, head.taker);
  }
  message.set(outputs, at);
  at += outputs.length;
  message.set(positions, at);
  at += positions.length;
  message.set(events, at);
  at += events.length;
  const effectsAt = at;
  message.set(effects, at);
  at += effects.length;
  const chain = sha256(message.subarray(0, at));
  at = writeHash(message, at, CHAIN_TAG, chain);
  return { message: message.subarray(0, at), chain, effectsAt };
}

/** What a reader found wrong with a frame; `where` names chain and sequence. */
export class BrokenFrame extends Error {
  override name = "BrokenFrame";
}

/**
 * Reads a frame and proves its own hash. Unknown fields are passed over (they are under the hash all the
 * same). Throws BrokenFrame naming `where`.
 */
export function decodeFrame(message: Uint8Array, where: string): Frame {
  const chainAt = message.length - CHAIN_FIELD_BYTES;
  if (chainAt < 0 || message[chainAt] !== CHAIN_TAG || message[chainAt + 1] !== HASH_BYTES) {
    throw new BrokenFrame(
      `Cannot read ${where}: the message does not end in a chain hash (${message.length} bytes)`,
    );
  }
  const chain = message.subarray(chainAt + 2);
  const body = message.subarray(0, chainAt);
  const computed = sha256(body);
  if (!bytesEqual(chain, computed)) {
    throw new BrokenFrame(
      `Cannot read ${where}: its bytes are damaged: recorded hash ${hex(chain)}, computed ${hex(computed)}`,
    );
  }
  return decodeFields(body, chain, where);
}

/**
 * Tells the frames that count from those that a replaced owner still had in flight. The fence names a sequence:
 * of several such frames one further back can fit behind its successor's, and then one of the successor's own
 * behind that. So a frame of an epoch already replaced is void, and what follows it is, until an epoch begins.
 */
export class Succession {
  #previous: Uint8Array;
  #epoch: number;
  #void = false;

  constructor(previous: Uint8Array, epoch: number) {
    this.#previous = previous;
    this.#epoch = epoch;
  }

  /** Hash of the newest frame, whether it counts or not: what the next one follows. */
  get previous(): Uint8Array {
    return this.#previous;
  }

  /** The highest epoch so far: whose it is owns. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Whether the next frame counts. Throws BrokenFrame when it should and does not follow the one before. */
  counts(frame: Frame, where: string): boolean {
    this.#void = frame.epoch < this.#epoch || (this.#void && frame.epoch === this.#epoch);
    if (!this.#void) checkFollows(frame, this.#previous, where);
    this.#epoch = Math.max(this.#epoch, frame.epoch);
    this.#previous = frame.chain.slice();
    return !this.#void;
  }
}

/** Refuses a frame that does not follow the one before. */
export function checkFollows(frame: Frame, previous: Uint8Array, where: string): void {
  if (!bytesEqual(frame.previous, previous)) {
    throw new BrokenFrame(
      `Cannot read ${where}: the chain is broken: it follows ${hex(frame.previous)}, the frame before it is ${
        hex(previous)
      }`,
    );
  }
}

function decodeFields(body: Uint8Array, chain: Uint8Array, where: string): Frame {
  let epoch = 0, number = 0, clock = 0;
  let kernel: Uint8Array = NO_BYTES, previous: Uint8Array = NO_BYTES;
  const positions: SourcePosition[] = [];
  let outputs: string[] | undefined;
  let events: Uint8Array = NO_BYTES, effects: Uint8Array = NO_BYTES;
  let at = 0;
  while (at < body.length) {
    const start = at;
    const first = body[at];
    if (first === EVENTS_TAG || first === EFFECTS_TAG) {
      at = runEnd(body, at, first);
      if (!(at <= body.length)) throw new BrokenFrame(`Cannot read ${where}: a field runs past the end`);
      // One view where they stand together, as we write them.
      const run = body.subarray(start, at);
      if (first === EVENTS_TAG) events = events.length === 0 ? run : concat(events, run);
      else effects = effects.length === 0 ? run : concat(effects, run);
      continue;
    }
    let tag = first;
    if (first < 128) at++; // as all tags that we know: nothing is made for it
    else ({ value: tag, next: at } = readVarint(body, at));
    if (tag === 0x08 || tag === 0x10 || tag === 0x18) {
      const field = readVarint(body, at);
      at = field.next;
      if (tag === 0x08) epoch = field.value;
      else if (tag === 0x10) number = field.value;
      else clock = field.value;
      continue;
    }
    if ((tag & 7) !== 2) {
      at = skipField(body, at, tag);
    } else {
      const length = readVarint(body, at);
      at = length.next + length.value;
      if (at <= body.length) {
        const value = body.subarray(length.next, at);
        if (tag === 0x22) kernel = value;
        else if (tag === 0x2a) previous = value;
        else if (tag === 0x32) positions.push(decodePosition(value));
        else if (tag === OUTPUTS_TAG) (outputs ??= []).push(TEXT.decoder.decode(value));
      }
    }
    if (at < 0 || at > body.length) throw new BrokenFrame(`Cannot read ${where}: a field runs past the end`);
  }
  return {
    epoch,
    number,
    clock,
    kernel,
    previous,
    positions,
    events,
    effects,
    chain,
    outputs,
  };
}

/** Where the run of records with this tag that begins here ends; beyond the end of `body` when one is cut off. */
function runEnd(body: Uint8Array, at: number, tag: number): number {
  while (body[at] === tag) {
    let length = body[at + 1], next = at + 2;
    if (!(length < 128)) {
      const long = readVarint(body, at + 1);
      length = long.value;
      next = long.next;
    }
    at = next + length;
  }
  return at;
}

const NO_BYTES = new Uint8Array(0);
const TEXT = { encoder: new TextEncoder(), decoder: new TextDecoder() };

function writeHash(message: Uint8Array, at: number, tag: number, hash: Uint8Array): number {
  message[at] = tag;
  message[at + 1] = HASH_BYTES;
  message.set(hash, at + 2);
  return at + 2 + HASH_BYTES;
}

function encodeNames(names: readonly string[]): Uint8Array {
  const parts = names.map((name) => TEXT.encoder.encode(name));
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + 1 + varintBytes(length) + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes[at++] = OUTPUTS_TAG;
    at = writeVarint(bytes, at, part.length);
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function encodePositions(positions: readonly SourcePosition[]): Uint8Array {
  const parts = positions.map(({ source, sequence }) => ({ source: TEXT.encoder.encode(source), sequence }));
  const inner = (part: { source: Uint8Array; sequence: number }) =>
    1 + varintBytes(part.source.length) + part.source.length + 1 + varintBytes(part.sequence);
  const bytes = new Uint8Array(
    parts.reduce((sum, part) => sum + 1 + varintBytes(inner(part)) + inner(part), 0),
  );
  let at = 0;
  for (const part of parts) {
    bytes[at++] = 0x32;
    at = writeVarint(bytes, at, inner(part));
    bytes[at++] = 0x0a;
    at = writeVarint(bytes, at, part.source.length);
    bytes.set(part.source, at);
    at += part.source.length;
    bytes[at++] = 0x10;
    at = writeVarint(bytes, at, part.sequence);
  }
  return bytes;
}

function decodePosition(body: Uint8Array): SourcePosition {
  let source = "", sequence = 0, at = 0;
  while (at < body.length) {
    const tag = readVarint(body, at);
    at = tag.next;
    if (tag.value === 0x0a) {
      const length = readVarint(body, at);
      at = length.next + length.value;
      source = TEXT.decoder.decode(body.subarray(length.next, at));
    } else if (tag.value === 0x10) {
      const field = readVarint(body, at);
      sequence = field.value;
      at = field.next;
    } else {
      at = skipField(body, at, tag.value);
    }
    if (at < 0) break;
  }
  return { source, sequence };
}
