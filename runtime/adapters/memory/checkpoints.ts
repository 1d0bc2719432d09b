/** Checkpoints in memory. As with the ledger, the blobs live apart from the store that writes them. */
import type { CheckpointStore } from "../../world/checkpoints.ts";
import type { Clock } from "../../world/clock.ts";
import { checkBlobName, compareText } from "../names.ts";

export interface MemoryCheckpointsOptions {
  readonly clock: Clock;
  readonly blobs?: Map<string, Uint8Array>;
  /** Milliseconds a write or a read takes. Default 0: the next turn. */
  readonly latencyMs?: number;
}

export function memoryCheckpoints(options: MemoryCheckpointsOptions): CheckpointStore {
  const blobs = options.blobs ?? new Map<string, Uint8Array>();
  const { clock, latencyMs } = options;
  const wait = () =>
    latencyMs ? clock.sleep(latencyMs) : new Promise<void>((resolve) => clock.soon(() => resolve()));
  return {
    async put(name, parts) {
      checkBlobName(name);
      const blob = await collect(parts);
      await wait();
      blobs.set(name, blob);
    },
    async get(name) {
      checkBlobName(name);
      await wait();
      const blob = blobs.get(name);
      return blob && inParts(blob.slice());
    },
    async list(prefix) {
      await wait();
      return [...blobs.keys()].filter((name) => name.startsWith(prefix)).sort(compareText);
    },
    async delete(name) {
      checkBlobName(name);
      await wait();
      blobs.delete(name);
    },
  };
}

async function collect(parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Uint8Array> {
  const copies: Uint8Array[] = [];
  let length = 0;
  for await (const part of parts) {
    copies.push(part.slice());
    length += part.length;
  }
  const blob = new Uint8Array(length);
  let at = 0;
  for (const copy of copies) {
    blob.set(copy, at);
    at += copy.length;
  }
  return blob;
}

const PART_BYTES = 1 << 20;

async function* inParts(blob: Uint8Array): AsyncIterable<Uint8Array> {
  for (let at = 0; at < blob.length; at += PART_BYTES) yield blob.subarray(at, at + PART_BYTES);
}
