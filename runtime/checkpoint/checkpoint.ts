/**
 * Checkpoints: a kernel's memory as of one frame, kept beside the ledger, so that recovery replays only the
 * frames after it. A checkpoint is a manifest that names parts; a part holds the pages that changed since the
 * one before (the first part: all pages). It counts once its part was read back and the manifest is stored.
 */
import { bytesEqual, hex, sha256, sha256Stream } from "../hash.ts";
import { PAGE_BYTES } from "../kernel/abi.ts";
import type { Kernel, KernelModule } from "../kernel/host.ts";
import { concat } from "../partition/wire.ts";
import type { Meaning, Partitioned } from "../stream/evolution.ts";
import type { CheckpointStore } from "../world/checkpoints.ts";
import type { Era } from "../output/channels.ts";
import type { World } from "../world/mod.ts";
import { PartDigest } from "./digest.ts";
import type { Mark } from "./retention.ts";

export interface Manifest {
  /** 1: its parts have a SHA-256. */
  readonly version: 1 | 2;
  readonly chain: string;
  /** The last frame whose events are in it, and that frame's hash, hex. */
  readonly frame: number;
  readonly frameHash: string;
  readonly epoch: number;
  readonly clock: number;
  readonly kernel: string;
  readonly memoryBytes: number;
  readonly nextTimer: number | null;
  readonly parts: readonly Part[];
  readonly host: HostState;
  /** What its state means, where the pipeline was declared; and how events went to partitions. */
  readonly meaning?: Meaning;
  readonly partitioned?: Partitioned;
}

export interface Part {
  readonly name: string;
  readonly pages: number;
  /** Hex; see PartDigest. Of parts saved by version 1: SHA-256 of all bytes. */
  readonly digest?: string;
  readonly sha256?: string;
}

/** What the host itself folds from the ledger. */
export interface HostState {
  /** Newest dead letters: frame, event, reason. */
  readonly deadLetters: readonly (readonly [number, number, number])[];
  /** Newest frames that hold late events. */
  readonly lateFrames?: readonly number[];
  /** Event time up to which all results are released, microseconds. */
  readonly watermark?: number;
  /** Per receiving pipeline: outputs of frames up to this one are durable there. */
  readonly fed: Readonly<Record<string, number>>;
  /** Frames that replaced owners left behind. */
  readonly voids: readonly number[];
  /** Bytes of frames replayed in a second, when that was last long enough to tell. */
  readonly replayRate?: number;
  /** Bytes of the chain up to the frame, and where checkpoints were before it, oldest first. */
  readonly bytes?: number;
  readonly marks?: readonly Mark[];
  /** From which frame on outputs had which names. */
  readonly outputs?: readonly Era[];
}

export type Moment = Pick<
  Manifest,
  "chain" | "frame" | "frameHash" | "epoch" | "clock" | "kernel" | "nextTimer" | "meaning" | "partitioned"
>;

/** Pages copied in one turn of the event loop: 256 KiB, well under the 5 ms a partition may stall. */
const SLICE_PAGES = 64;
/** A chain of parts longer than this, or larger than its first, is begun anew with all pages. */
const PARTS_MAX = 8;
const RECORD_BYTES = 4 + PAGE_BYTES;

export interface SaveOptions {
  readonly world: World;
  readonly kernel: Kernel;
  readonly moment: Moment;
  /** Asked once the moment's frame is durable: only then is all of it released. */
  readonly host: () => HostState;
  readonly previous: Manifest | undefined;
  /** Resolves when the moment's frame is durable; rejects when it never will be. */
  readonly durable: Promise<void>;
  /** Newest checkpoints kept, and of the older ones. */
  readonly keep: number;
  readonly history: number;
  /** Told the longest the partition was held, microseconds. */
  onStall(micros: number): void;
}

/** What is stored is not what was saved: no second try will read it. Any other error may pass. */
export class DamagedCheckpoint extends Error {
  override name = "DamagedCheckpoint";
}

/** Saves a checkpoint of the kernel as it is when called. On failure nothing counts and nothing is lost. */
export async function saveCheckpoint(options: SaveOptions): Promise<Manifest> {
  const { world, kernel, moment, previous } = options;
  // Nobody rests on what another owner saved: that one may not know yet that it was replaced, and drop it.
  const own = previous?.epoch === moment.epoch ? previous.parts : [];
  const all = own.length === 0 || own.length >= PARTS_MAX || outgrown(own);
  const memoryBytes = kernel.memoryBytes;
  const began = world.clock.monotonic();
  kernel.snapshotBegin(all);
  options.onStall(world.clock.monotonic() - began);
  const name = blobName(moment.chain, moment.frame);
  const part = await savePages(`${name}.pages`, options);
  await options.durable;
  const manifest: Manifest = {
    version: 2,
    ...moment,
    memoryBytes,
    parts: all ? [part] : [...own, part],
    host: options.host(),
  };
  await saveManifest(world.checkpoints, `${name}.json`, manifest);
  await dropOld(world.checkpoints, manifest, options.keep, options.history);
  return manifest;
}

/** Older checkpoints are dropped for this one: it is read back before it counts. */
async function saveManifest(store: CheckpointStore, name: string, manifest: Manifest): Promise<void> {
  const bytes = encodeManifest(manifest);
  await store.put(name, [bytes]);
  const parts: Uint8Array[] = [];
  for await (const part of await store.get(name) ?? []) parts.push(part.slice());
  if (!bytesEqual(concat(...parts), bytes)) {
    throw new DamagedCheckpoint(`Cannot save checkpoint ${name}: what the store has is not what was stored`);
  }
}

/**
 * Stores a checkpoint that was taken elsewhere, perhaps under another chain's name: its parts come as one run
 * of bytes, in order. It counts once they were read back.
 */
export async function saveParts(
  world: Pick<World, "checkpoints" | "clock">,
  manifest: Manifest,
  from: string,
  bytes: AsyncIterable<Uint8Array>,
): Promise<void> {
  const chunks = bytes[Symbol.asyncIterator]();
  const parts: Part[] = [];
  for (const each of manifest.parts) {
    const part = { ...each, name: manifest.chain + each.name.slice(from.length) };
    const own = async function* () {
      for (let left = part.pages * RECORD_BYTES; left > 0;) {
        const { done, value } = await chunks.next();
        if (done) throw new Error(`Cannot take in checkpoint part ${part.name}: it is cut off`);
        left -= value.length;
        yield value;
      }
    };
    await world.checkpoints.put(part.name, own());
    await readPart(world, part, () => {});
    parts.push(part);
  }
  await saveManifest(world.checkpoints, `${blobName(manifest.chain, manifest.frame)}.json`, {
    ...manifest,
    parts,
  });
}

/** Of a checkpoint's manifest and of its own part, but for what they end in; sorts as the frames do. */
function blobName(chain: string, frame: number): string {
  return `${chain}/${String(frame).padStart(16, "0")}`;
}

function outgrown(parts: readonly Part[]): boolean {
  return parts.slice(1).reduce((sum, part) => sum + part.pages, 0) > parts[0].pages;
}

async function savePages(name: string, { world, kernel, onStall }: SaveOptions): Promise<Part> {
  const digest = new PartDigest();
  const own = new Uint8Array(SLICE_PAGES * RECORD_BYTES);
  let pages = 0;
  async function* slices() {
    while (true) {
      const began = world.clock.monotonic();
      const taken = kernel.snapshotNext(SLICE_PAGES);
      const records = own.subarray(0, taken.length);
      records.set(taken);
      digest.update(records);
      onStall(world.clock.monotonic() - began);
      if (records.length === 0) return;
      pages += records.length / RECORD_BYTES;
      yield records;
      await new Promise<void>((resolve) => world.clock.soon(resolve));
    }
  }
  await world.checkpoints.put(name, slices());
  const part = { name, pages, digest: hex(digest.digest()) };
  await readPart(world, part, () => {});
  return part;
}

/** Reads a part and proves its digest; `use` gets whole page records. */
async function readPart(
  world: Pick<World, "checkpoints" | "clock">,
  part: Part,
  use: (records: Uint8Array) => void,
): Promise<void> {
  const blob = await world.checkpoints.get(part.name);
  if (!blob) throw new DamagedCheckpoint(`Cannot read checkpoint part ${part.name}: it is missing`);
  const digest = part.sha256 === undefined ? new PartDigest() : sha256Stream();
  let left = new Uint8Array(0);
  let bytes = 0;
  for await (const chunk of blob) {
    digest.update(chunk);
    bytes += chunk.length;
    let records: Uint8Array = chunk;
    if (left.length > 0) {
      const joined = new Uint8Array(left.length + chunk.length);
      joined.set(left);
      joined.set(chunk, left.length);
      records = joined;
    }
    const whole = records.length - records.length % RECORD_BYTES;
    use(records.subarray(0, whole));
    left = records.slice(whole) as Uint8Array<ArrayBuffer>;
    await new Promise<void>((resolve) => world.clock.soon(resolve));
  }
  const recorded = part.sha256 ?? part.digest, found = hex(digest.digest());
  if (found !== recorded || bytes !== part.pages * RECORD_BYTES) {
    throw new DamagedCheckpoint(
      `Cannot read checkpoint part ${part.name}: it is damaged: recorded digest ${recorded}, found ${found}`,
    );
  }
}

/** Checkpoints of a chain that can be read, newest first; the others are passed over and said. */
export async function* newestManifests(
  world: Pick<World, "checkpoints" | "log">,
  chain: string,
  onPassed: (error: unknown) => void = () => {},
): AsyncGenerator<Manifest> {
  const names = (await world.checkpoints.list(`${chain}/`)).filter((name) => name.endsWith(".json"));
  for (const name of names.sort().reverse()) {
    let manifest: Manifest | undefined;
    try {
      const blob = await world.checkpoints.get(name);
      manifest = blob && await readManifest(blob, chain);
    } catch (error) {
      world.log.warn(`passing over checkpoint ${name}`, { error: String(error) });
      onPassed(error);
    }
    if (manifest) yield manifest;
  }
}

/** All of them. */
export async function manifests(
  world: Pick<World, "checkpoints" | "log">,
  chain: string,
  onPassed?: (error: unknown) => void,
): Promise<Manifest[]> {
  const found: Manifest[] = [];
  for await (const manifest of newestManifests(world, chain, onPassed)) found.push(manifest);
  return found;
}

async function readManifest(blob: AsyncIterable<Uint8Array>, chain: string): Promise<Manifest> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of blob) text += decoder.decode(chunk, { stream: true });
  const [sha256, body] = splitLine(text + decoder.decode());
  if (manifestHash(body) !== sha256) {
    throw new DamagedCheckpoint("Cannot read checkpoint: its manifest is damaged");
  }
  const manifest = JSON.parse(body) as Manifest;
  if (manifest.version !== 1 && manifest.version !== 2) {
    throw new DamagedCheckpoint(`Cannot read checkpoint: it has version ${manifest.version}, not 1 or 2`);
  }
  if (manifest.chain !== chain) {
    throw new DamagedCheckpoint(`Cannot read checkpoint: it is of ${manifest.chain}, not ${chain}`);
  }
  return manifest;
}

/** The hash of the rest as the first line: a manifest that is damaged must not count. */
function encodeManifest(manifest: Manifest): Uint8Array {
  const body = JSON.stringify(manifest);
  return new TextEncoder().encode(`${manifestHash(body)}\n${body}`);
}

function manifestHash(body: string): string {
  return hex(sha256(new TextEncoder().encode(body)));
}

function splitLine(text: string): [string, string] {
  const end = text.indexOf("\n");
  return [text.slice(0, end), text.slice(end + 1)];
}

/** A kernel as the manifest says it was. Throws when a part is missing or damaged. */
export async function restoreCheckpoint(
  world: Pick<World, "checkpoints" | "clock">,
  module: KernelModule,
  manifest: Manifest,
  onProgress: (share: number) => void = () => {},
): Promise<Kernel> {
  const kernel = module.instantiate();
  kernel.restoreBegin(manifest.memoryBytes);
  const all = manifest.parts.reduce((sum, { pages }) => sum + pages, 0) * RECORD_BYTES;
  let bytes = 0;
  for (const part of manifest.parts) {
    await readPart(world, part, (records) => {
      kernel.restorePages(records);
      onProgress((bytes += records.length) / all);
    });
  }
  kernel.restoreEnd();
  return kernel;
}

/** Reads every part of a checkpoint and proves its digest; `known` names parts that need not be read again. */
export async function verifyCheckpoint(world: World, manifest: Manifest, known: Set<string>): Promise<void> {
  for (const part of manifest.parts) {
    if (known.has(part.name)) continue;
    await readPart(world, part, () => {});
    known.add(part.name);
  }
}

/** A checkpoint that must not be used any more; parts it shares with others go with the last of them. */
export async function dropCheckpoint(world: Pick<World, "checkpoints">, manifest: Manifest): Promise<void> {
  await world.checkpoints.delete(`${blobName(manifest.chain, manifest.frame)}.json`);
}

/** At most `count` of names that rise with their frame, each about as far from the next as from the end. */
function thinned(names: readonly string[], count: number): string[] {
  const kept = names.map((name) => ({ name, frame: Number(/(\d+)\.json$/.exec(name)?.[1]) }));
  while (kept.length > count) {
    const end = kept[kept.length - 1].frame + 1;
    let least = 0, gap = Infinity;
    for (let i = 0; i + 1 < kept.length; i++) {
      const apart = (kept[i + 1].frame - (kept[i - 1]?.frame ?? 0)) / (end - kept[i].frame);
      if (apart < gap) [least, gap] = [i, apart];
    }
    kept.splice(least, 1);
  }
  return kept.map(({ name }) => name);
}

/**
 * Keeps the newest `keep` checkpoints, of the older ones `history`, thinned out with age (as-of queries replay
 * from the nearest), and the parts they name. Whatever is beyond the one just saved is not ours: a successor's,
 * whose parts lie there before the manifest that names them.
 */
async function dropOld(
  store: CheckpointStore,
  { chain, frame }: Manifest,
  keep: number,
  history: number,
): Promise<void> {
  const newest = blobName(chain, frame);
  const names = (await store.list(`${chain}/`)).filter((name) => name.slice(0, newest.length) <= newest);
  const all = names.filter((name) => name.endsWith(".json")).sort();
  const kept = [...thinned(all.slice(0, -keep), history), ...all.slice(-keep)];
  const named = new Set<string>(kept);
  for (const name of kept) {
    const blob = await store.get(name);
    if (!blob) continue;
    try {
      for (const part of (await readManifest(blob, chain)).parts) named.add(part.name);
    } catch {
      // A damaged manifest names nothing; recovery has said so already.
    }
  }
  for (const name of names) if (!named.has(name)) await store.delete(name);
}
