/** A frame still open: under `early` its events are decided one by one, and answered before it is appended. */
import type { Kernel } from "../kernel/host.ts";
import type { Chain } from "../world/mod.ts";
import { type Done, encodeEvent, type EventFields, isNamed, Waiting } from "./mailbox.ts";
import type { Partition } from "./partition.ts";
import { answer } from "./release.ts";
import { EffectCursor } from "./records.ts";
import { readVarint } from "./wire.ts";

const ANSWERED: Done = () => {};
/** A frame that nothing follows holds one event: it begins small. */
const BYTES_MIN = 1024;

export class OpenFrame {
  readonly number: number;
  /** One clock reading for the whole frame: that is what the ledger records. */
  readonly clock: number;
  readonly waiting: Waiting[] = [];
  nextTimer = Infinity;
  rejects = 0;
  #events: Uint8Array;
  #effects: Uint8Array;
  #eventBytes = 0;
  #effectBytes = 0;

  constructor(number: number, clock: number) {
    this.number = number;
    this.clock = clock;
    this.#events = new Uint8Array(BYTES_MIN);
    this.#effects = new Uint8Array(BYTES_MIN);
  }

  get bytes(): number {
    return this.#eventBytes + this.#effectBytes;
  }

  events(): Uint8Array {
    return this.#events.subarray(0, this.#eventBytes);
  }

  effects(): Uint8Array {
    return this.#effects.subarray(0, this.#effectBytes);
  }

  /** Appends the event's record without deciding it. */
  add(payload: Uint8Array, fields: EventFields | undefined, done: Done): Uint8Array {
    const record = encodeEvent(payload, fields ?? {});
    this.#events = roomy(this.#events, this.#eventBytes, record.length);
    this.#events.set(record, this.#eventBytes);
    this.#eventBytes += record.length;
    this.waiting.push(new Waiting(record.length, done, this.clock, isNamed(fields ?? {})));
    return record;
  }

  decide(
    kernel: Kernel,
    partition: Partition,
    payload: Uint8Array,
    fields: EventFields | undefined,
    done: Done,
    chain: Chain,
  ): void {
    const record = encodeEvent(payload, fields ?? {});
    const index = this.waiting.length;
    const applied = kernel.decide(
      this.clock,
      this.number,
      index,
      record.subarray(readVarint(record, 1).next),
    );
    this.#events = roomy(this.#events, this.#eventBytes, record.length);
    this.#events.set(record, this.#eventBytes);
    this.#eventBytes += record.length;
    this.#effects = roomy(this.#effects, this.#effectBytes, applied.effects.length);
    this.#effects.set(applied.effects, this.#effectBytes);
    const effects = this.#effects.subarray(this.#effectBytes, this.#effectBytes + applied.effects.length);
    this.#effectBytes += applied.effects.length;
    this.nextTimer = applied.nextTimer;
    this.rejects += applied.rejects;
    // It was answered, so it is not given back, however long the ledger is away.
    this.waiting.push(new Waiting(record.length, ANSWERED, this.clock, false));
    answer(new EffectCursor(effects), { partition: partition.index, frame: this.number, event: index }, {
      partition,
      chain,
      durable: false,
      id: fields?.id,
      done,
    });
  }
}

/** The buffer, or one twice as large: what was answered from the old one stays as it is. */
function roomy(buffer: Uint8Array, held: number, more: number): Uint8Array {
  if (held + more <= buffer.length) return buffer;
  const larger = new Uint8Array(2 * Math.max(buffer.length, more));
  larger.set(buffer.subarray(0, held));
  return larger;
}
