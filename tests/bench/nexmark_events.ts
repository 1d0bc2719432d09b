/** Nexmark events, encoded before anything is measured. */
import { encodeEvent } from "../../actors/nexmark/gen/nexmark_wire.ts";
import { nexmark, type NexmarkOptions } from "../../actors/nexmark/generator.ts";

const EVENT_BYTES_MAX = 2048;
const BYTES_PER_EVENT = 320;
/** Of an event in a frame: what stands around it, and what was looked up for it. */
const ADDED_BYTES_MAX = 64;

/** Events one after another in one block of memory. */
export class Encoded {
  readonly count: number;
  #bytes: Uint8Array;
  readonly #ends: Uint32Array;

  constructor(options: NexmarkOptions) {
    this.#bytes = new Uint8Array(options.events * BYTES_PER_EVENT + EVENT_BYTES_MAX);
    this.#ends = new Uint32Array(options.events + 1);
    let at = 0, count = 0;
    for (const event of nexmark(options)) {
      at = encodeEvent(event, this.#bytes, at);
      this.#ends[++count] = at;
    }
    this.count = count;
  }

  /** A view. */
  event(index: number): Uint8Array {
    return this.#bytes.subarray(this.#ends[index], this.#ends[index + 1]);
  }

  /** Events `from` to `to`, exclusive, as the events region of a frame: tag, length, Event of a payload alone. */
  region(from: number, to: number, recorded = (payload: Uint8Array) => payload): Uint8Array {
    const out = new Uint8Array(this.#ends[to] - this.#ends[from] + (to - from) * ADDED_BYTES_MAX);
    let at = 0;
    for (let index = from; index < to; index++) {
      const payload = recorded(this.event(index));
      const inner = payload.length + 1 + varintBytes(payload.length);
      out[at++] = 0x3a;
      at = varint(out, at, inner);
      out[at++] = 0x0a;
      at = varint(out, at, payload.length);
      out.set(payload, at);
      at += payload.length;
    }
    return out.subarray(0, at);
  }
}

function varint(out: Uint8Array, at: number, value: number): number {
  for (; value > 127; value >>>= 7) out[at++] = value & 127 | 128;
  out[at++] = value;
  return at;
}

function varintBytes(value: number): number {
  return value < 128 ? 1 : value < 16384 ? 2 : 3;
}
