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
  /** When the first event of all was due, and when this was sent, on the clock of `now`, milliseconds. */
  readonly began: number;
  readonly sent: number;
  /** How long ago the first of its events was due when it was sent, milliseconds. */
  readonly spanMs: number;
  readonly last: boolean;
}

/** The same in every thread, milliseconds. */
export const now = () => performance.timeOrigin + performance.now();

const TICK_MS = 0.5;
const EVENT_BYTES_MAX = 64;

export function load({ keys, perMs, seconds, base }: LoadOptions, send: (batch: Batch) => void): void {
  // All of an event but its time, which comes last: the generated encoder would take a third of a core.
  const heads = Array.from({ length: keys }, (_, i) => {
    return toBinary(TallySchema, create(TallySchema, { key: `key-${i}`, amount: 1n }));
  });
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  const began = now();
  const all = seconds * 1000 * perMs;
  for (let sent = 0; sent < all;) {
    Atomics.wait(sleeper, 0, 0, TICK_MS);
    const due = Math.min(all, Math.floor((now() - began) * perMs));
    if (due === sent) continue;
    const events = new Uint8Array((due - sent) * EVENT_BYTES_MAX);
    const firstDue = began + sent / perMs;
    let bytes = 0;
    for (; sent < due; sent++) {
      const head = heads[sent % keys], begin = bytes++;
      events.set(head, bytes);
      bytes = writeTime(events, bytes + head.length, base + Math.floor(sent * 1000 / perMs));
      events[begin] = bytes - begin - 1;
    }
    const at = now();
    send({
      events: events.subarray(0, bytes),
      began,
      sent: at,
      spanMs: at - firstDue,
      last: sent === all,
    });
  }
}

/** Field 3 of a Tally. */
function writeTime(into: Uint8Array, at: number, time: number): number {
  into[at++] = 0x18;
  for (; time >= 0x80; time = Math.floor(time / 128)) into[at++] = time % 128 | 0x80;
  into[at++] = time;
  return at;
}

if (workerData?.load) load(workerData.load as LoadOptions, (batch) => parentPort!.postMessage(batch));
