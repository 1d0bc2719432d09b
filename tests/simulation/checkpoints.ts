/** The checkpoint store as one simulated process reaches it. */
import { concat } from "../../runtime/partition/wire.ts";
import type { CheckpointStore } from "../../runtime/world/checkpoints.ts";
import type { SimWorld } from "./world.ts";

const READ_BYTES = 70_000;
const SLOW_MICROS = 500_000;

export function simCheckpoints(world: SimWorld): CheckpointStore {
  const { ground } = world;
  const { blobs } = ground;
  const reach = async () => {
    await world.wait(world.latency());
    if (world.cutOff.out || world.cutOff.back) throw new Error("the checkpoint store does not answer");
  };
  const read = async () => {
    if (ground.faults.crashInRecovery > 0 && world.recovering()) world.crashesAt("crashInRecovery");
    await reach();
    if (world.fails("checkpointReadFailed")) throw new Error("the checkpoint store went away");
  };
  return {
    async put(name, parts) {
      world.crashesAt("crashBeforeCheckpoint");
      const given: Uint8Array[] = [];
      for await (const part of parts) given.push(part.slice());
      const blob = concat(...given);
      await reach();
      if (world.fails("checkpointSlow")) await world.wait(world.draws.int(0, SLOW_MICROS));
      if (world.fails("checkpointPutFailed") || ground.diskFullUntil > ground.scheduler.now) {
        throw new Error("the checkpoint store is full");
      }
      if (blob.length > 0 && world.fails("checkpointTorn")) {
        blobs.set(name, blob.slice(0, world.draws.int(0, blob.length - 1)));
        throw new Error("the checkpoint store went away half way");
      }
      if (world.fails("crashDuringCheckpoint")) {
        blobs.set(name, blob.slice(0, world.draws.int(0, blob.length)));
        return world.die("crashDuringCheckpoint"), await new Promise<void>(() => {});
      }
      if (name.endsWith(".json")) {
        const [chain] = name.split("/");
        ground.manifests.push({ chain, bytes: blob.slice(), first: ground.store.chain(chain).first });
      }
      const kept = asKept(world, blob);
      if (kept) blobs.set(name, kept);
      ground.trace(`checkpoint ${name} ${kept !== undefined}`);
      world.crashesAt("crashAfterCheckpoint");
      await world.wait(0);
    },
    async get(name) {
      await read();
      const blob = blobs.get(name);
      return blob && (async function* () {
        for (let at = 0; at < blob.length; at += READ_BYTES) yield blob.subarray(at, at + READ_BYTES);
      })();
    },
    async list(prefix) {
      await read();
      return [...blobs.keys()].filter((name) => name.startsWith(prefix)).sort();
    },
    async delete(name) {
      await read();
      blobs.delete(name);
    },
  };
}

/** The store says yes, and this is what it has. */
function asKept(world: SimWorld, blob: Uint8Array): Uint8Array | undefined {
  if (world.fails("checkpointMissing")) return undefined;
  if (blob.length === 0) return blob;
  if (world.fails("checkpointTruncated")) return blob.slice(0, world.draws.int(0, blob.length - 1));
  if (world.fails("checkpointFlipped")) {
    blob[world.draws.int(0, blob.length - 1)] ^= 1 << world.draws.int(0, 7);
  }
  return blob;
}
