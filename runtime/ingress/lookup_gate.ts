/**
 * Before a partition: events wait here for what is looked up for them, and go on in the order in which they
 * came, watermarks between them. So an event without an answer holds back what came after it, of its key and of
 * its source, and positions in a source only rise. How many may wait is bounded: beyond that the partition is
 * full, and senders come again.
 */
import type { LookupSpec, LookupSpecs, Pipeline } from "../declare.ts";
import { waitMsMax } from "../params.ts";
import { type Done, type EventFields, isNamed } from "../partition/mailbox.ts";
import { EVENT_KIND } from "../partition/records.ts";
import { RejectReason } from "../proto/gen/frame_pb.ts";
import type { LookupStatus } from "../runtime.ts";
import type { OpenedLookup, OpenLookup } from "../world/lookup.ts";
import type { Micros } from "../world/clock.ts";
import type { World } from "../world/mod.ts";
import { Lookup } from "./lookup.ts";
import { ABSENT, type Answer, LookupEvents, type Subject } from "./lookup_event.ts";

/** Bytes of events that wait, beside the bound on their number. */
const WAITING_BYTES_MAX = 16 << 20;
const BLOCK_BYTES = 64 << 10;
/** Wait before a full mailbox is looked at again. */
const ROOM_MS = 2;
const TOO_LONG =
  "Cannot apply what waited for a lookup for a tenth of the time in which ids are remembered. " +
  "Ask again with the same id.";

/** Where events go on to: their partition. */
export interface Behind {
  readonly mailbox: { readonly full: boolean };
  readonly payloadBytesMax: number;
  take(payload: Uint8Array, fields: EventFields | undefined, done: Done): boolean;
}

/** The lookups of one pipeline, for all of its partitions. */
export class Lookups {
  readonly events: LookupEvents;
  readonly gates: LookupGate[] = [];

  constructor(
    readonly of: ReadonlyMap<LookupSpec, Lookup>,
    specs: LookupSpecs,
    readonly world: World,
    /** How long an event may wait that is known again by its id alone. */
    readonly waitMsMax: number,
  ) {
    this.events = new LookupEvents(specs);
  }

  /** The gate of one more partition. */
  gate(behind: Behind): LookupGate {
    const gate = new LookupGate(this, behind);
    this.gates.push(gate);
    return gate;
  }

  status(): LookupStatus[] {
    const waiting = this.gates.reduce((sum, gate) => sum + gate.waiting, 0);
    return [...this.of.values()].map((lookup) => lookup.status(waiting));
  }

  async close(): Promise<void> {
    for (const gate of this.gates) gate.close();
    await Promise.all([...this.of.values()].map((lookup) => lookup.close()));
  }
}

/** Opens what a pipeline looks things up in. */
export async function openLookups(
  pipeline: Pick<Pipeline, "name" | "dedupe" | "trigger">,
  specs: LookupSpecs,
  world: World,
  openPlace: OpenLookup | undefined,
): Promise<Lookups> {
  const { name } = pipeline;
  const lookups = new Map<LookupSpec, Lookup>();
  try {
    for (const spec of specs.of) {
      const opened = await open(name, spec, openPlace);
      lookups.set(spec, new Lookup(name, spec, opened, world));
    }
  } catch (error) {
    for (const lookup of lookups.values()) await lookup.close();
    throw error;
  }
  return new Lookups(lookups, specs, world, waitMsMax(pipeline));
}

async function open(
  pipeline: string,
  { name, source }: LookupSpec,
  openPlace: OpenLookup | undefined,
): Promise<OpenedLookup> {
  const { from } = source;
  switch (from.kind) {
    case "load":
      return { name: source.name, load: from.load };
    case "rows":
      return { name: source.name, rows: from.rows };
    case "place":
      try {
        if (!openPlace) throw new Error("nothing opens it: start was given no `lookups`");
        return await openPlace(source, from.place);
      } catch (cause) {
        throw new Error(
          `Cannot start pipeline "${pipeline}" (lookup "${name}" in ${source.name}): ${
            (cause as Error).message
          }`,
          { cause },
        );
      }
  }
}

interface Waiting {
  payload: Uint8Array;
  fields: EventFields | undefined;
  readonly done: Done;
  /** Absent for what is looked up nowhere, and waits for its turn alone. */
  readonly subject?: Subject;
  readonly answers: Answer[];
  /** When it came. */
  at: Micros;
  /** Answers that are not there yet. */
  left: number;
}

export class LookupGate {
  readonly #lookups: Lookups;
  readonly #behind: Behind;
  readonly #eventsMax: number;
  /** In the order in which they came, from `#first` on. */
  #waiting: Waiting[] = [];
  #first = 0;
  #bytes = 0;
  /** Where payloads are copied to, one behind the other: memory for each alone would cost more than all else. */
  #block = new Uint8Array(0);
  #used = 0;
  #cancelRetry: (() => void) | undefined;

  constructor(lookups: Lookups, behind: Behind) {
    this.#lookups = lookups;
    this.#behind = behind;
    this.#eventsMax = Math.min(...[...lookups.of.keys()].map(({ waitingMax }) => waitingMax));
  }

  get waiting(): number {
    return this.#waiting.length - this.#first;
  }

  get full(): boolean {
    return this.waiting >= this.#eventsMax || this.#bytes >= WAITING_BYTES_MAX;
  }

  /** False where there is no room: nothing was kept, and nothing asked. */
  offer(payload: Uint8Array, fields: EventFields | undefined, done: Done): boolean {
    if (this.full || this.#behind.mailbox.full) return false;
    const found = fields?.kind ? undefined : this.#lookups.events.find(payload);
    const entry: Waiting = found === "malformed"
      ? { payload, fields: unfit(fields, RejectReason.MALFORMED), done, answers: [], at: 0, left: 0 }
      : { payload, fields, done, subject: found, answers: [], at: 0, left: 0 };
    if (entry.subject) this.#askAll(entry, entry.subject);
    if (entry.left === 0 && this.waiting === 0) return this.#forward(entry);
    entry.at = this.#lookups.world.clock.now();
    entry.payload = this.#kept(payload);
    entry.fields = copied(entry.fields);
    this.#waiting.push(entry);
    this.#bytes += payload.length;
    return true;
  }

  /** Ends the waiting: whoever offered is told that the outcome is not known, and may ask again. */
  fail(cause: Error): void {
    const left = this.#waiting.slice(this.#first);
    this.#waiting = [];
    this.#first = this.#bytes = 0;
    this.close();
    for (const { done } of left) done({ kind: "unknown", cause });
  }

  close(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
  }

  #kept(payload: Uint8Array): Uint8Array {
    if (this.#used + payload.length > this.#block.length) {
      this.#block = new Uint8Array(Math.max(BLOCK_BYTES, payload.length));
      this.#used = 0;
    }
    this.#block.set(payload, this.#used);
    this.#used += payload.length;
    return this.#block.subarray(this.#used - payload.length, this.#used);
  }

  #askAll(entry: Waiting, { start, end, lookups }: Subject): void {
    for (let i = 0; i < lookups.length; i++) {
      const key = lookups[i].read(entry.payload, start, end);
      const known = key === undefined ? ABSENT : this.#lookups.of.get(lookups[i])!.ask(key, (answer) => {
        entry.answers[i] = answer;
        entry.left--;
        if (entry.left === 0 && entry === this.#waiting[this.#first]) this.#drain();
      });
      if (known) entry.answers[i] = known;
      else entry.left++;
    }
  }

  /** Those at the head that have all their answers go on, as far as there is room for them. */
  #drain(): void {
    while (this.waiting > 0 && this.#waiting[this.#first].left === 0) {
      const entry = this.#waiting[this.#first];
      const isOver = this.#waitedTooLong(entry);
      if (!isOver && (this.#behind.mailbox.full || !this.#forward(entry))) return this.#retry();
      this.#bytes -= entry.payload.length;
      this.#first++;
      if (isOver) entry.done({ kind: "unknown", cause: new Error(TOO_LONG) });
    }
    if (this.#first < 1024 && this.waiting > 0) return;
    this.#waiting = this.#waiting.slice(this.#first);
    this.#first = 0;
  }

  /** Its id may be forgotten meanwhile, so that nobody knows whether another process applied a repeat of it. */
  #waitedTooLong({ at, fields }: Waiting): boolean {
    const { world, waitMsMax } = this.#lookups;
    return fields !== undefined && isNamed(fields) && world.clock.now() - at > waitMsMax * 1000;
  }

  #retry(): void {
    this.#cancelRetry ??= this.#lookups.world.clock.after(ROOM_MS, () => {
      this.#cancelRetry = undefined;
      this.#drain();
    });
  }

  #forward({ payload, fields, done, subject, answers }: Waiting): boolean {
    const behind = this.#behind;
    if (!subject) return behind.take(payload, fields, done);
    for (let i = 0; i < answers.length; i++) {
      if (answers[i].kind !== "none" || subject.lookups[i].fallback !== "dead-letter") continue;
      return behind.take(payload, unfit(fields, RejectReason.LOOKUP_FAILED), done);
    }
    const enriched = this.#lookups.events.enriched(payload, subject, answers);
    if (enriched === "malformed") return behind.take(payload, unfit(fields, RejectReason.MALFORMED), done);
    if (enriched.length <= behind.payloadBytesMax) return behind.take(enriched, fields, done);
    return behind.take(payload, unfit(fields, RejectReason.TOO_LARGE), done);
  }
}

function unfit(fields: EventFields | undefined, reason: RejectReason): EventFields {
  return { ...fields, kind: EVENT_KIND.UNFIT, reason };
}

/** The sender may use its buffers again. */
function copied(fields: EventFields | undefined): EventFields | undefined {
  return fields && { ...fields, id: fields.id?.slice(), source: fields.source?.slice() };
}
