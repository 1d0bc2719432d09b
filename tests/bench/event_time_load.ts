/**
 * A thread that offers events when they are due, whatever else goes on: what is due goes to the engine's thread
 * as one message. So neither the encoding nor its garbage stands between a watermark and its results, and an
 * engine that is held up does not hold up what is offered.
 */
import { parentPort, workerData } from "node:worker_threads";
import { create, toBinary } from "@bufbuild/protobuf";
import { TallySchema } from "../../actors/tally/gen/tally_pb.ts";

export interface LoadOptions {
  readonly keys: number;
  readonly perMs: number;
  readonly seconds: number;
  /** Event time of the first event, microseconds; the others follow as they are due. */
  readonly base: number;
}

export interface Batch {
  /** Each behind its length, one byte. */
  readonly events: Uint8Array;
  /** When the first event of all was due, on the clock of `now`, milliseconds. */
  readonly began: number;
  /** How late the last event that was due was sent, milliseconds. */
  readonly lateMs: number;
  readonly last: boolean;
}

/** The same in every thread, milliseconds. */
export const now = () => performance.timeOrigin + performance.now();

const TICK_MS = 0.5;
const EVENT_BYTES_MAX = 64;

export function load({ keys, perMs, seconds, base }: LoadOptions, send: (batch: Batch) => void): void {
  const names = Array.from({ length: keys }, (_, i) => `key-${i}`);
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  const began = now();
  const all = seconds * 1000 * perMs;
  for (let sent = 0; sent < all;) {
    Atomics.wait(sleeper, 0, 0, TICK_MS);
    const due = Math.min(all, Math.floor((now() - began) * perMs));
    if (due === sent) continue;
    const events = new Uint8Array((due - sent) * EVENT_BYTES_MAX);
    let at = 0;
    for (; sent < due; sent++) {
      const time = BigInt(base + Math.floor(sent * 1000 / perMs));
      const event = toBinary(
        TallySchema,
        create(TallySchema, { key: names[sent % keys], amount: 1n, at: time }),
      );
      events[at++] = event.length;
      events.set(event, at);
      at += event.length;
    }
    send({ events: events.subarray(0, at), began, lateMs: now() - began - due / perMs, last: sent === all });
  }
}

if (parentPort) load(workerData as LoadOptions, (batch) => parentPort!.postMessage(batch));
