/**
 * A partition as one run of bytes: what it is, the kernel that decided it, its frames as they stand in the
 * ledger, and checkpoints. To be looked at elsewhere, kept, or taken into another ledger.
 *
 * `MILLRACE 1\n`, then records (kind u8, length u32 little endian, payload); the last one is the SHA-256 of
 * everything before it, so that a file that was cut off is not taken for a whole one.
 */
import { bytesEqual, sha256Stream } from "../hash.ts";
import { BrokenFrame, decodeFrame, NO_CHAIN, Succession } from "../partition/frame.ts";
import { walk } from "../partition/walk.ts";
import type { Chain, World } from "../world/mod.ts";
import { type Manifest, manifests, saveParts } from "./checkpoint.ts";

export interface ArchiveHeader {
  readonly version: 1;
  readonly chain: string;
  readonly pipeline: string;
  /** First and last frame. */
  readonly first: number;
  readonly last: number;
  /** Kernel of the newest frame, hex; the archive may hold it. */
  readonly kernel: string;
  readonly kernelName: string;
  /** When it was written, and from where: for people. */
  readonly exported: string;
  readonly ledger: string;
}

export interface ArchivedKernel {
  readonly wasm: Uint8Array;
  readonly params: Uint8Array;
}

export type ArchiveRecord =
  | { readonly kind: "header"; readonly header: ArchiveHeader }
  | { readonly kind: "kernel"; readonly kernel: ArchivedKernel }
  | { readonly kind: "frame"; readonly message: Uint8Array }
  /** Its parts follow, as chunks. */
  | { readonly kind: "checkpoint"; readonly manifest: Manifest }
  | { readonly kind: "chunk"; readonly bytes: Uint8Array };

const MAGIC = new TextEncoder().encode("MILLRACE 1\n");
const KIND = { header: 1, params: 2, wasm: 3, frame: 4, checkpoint: 5, chunk: 6, end: 7 } as const;
/** No record is longer: frames and chunks are far shorter. */
const RECORD_BYTES_MAX = 64 << 20;
/** Appends of an import under way at once. */
const IN_FLIGHT_MAX = 8;

const TEXT = { encoder: new TextEncoder(), decoder: new TextDecoder() };

export interface ExportOptions {
  readonly header: Omit<ArchiveHeader, "version" | "chain" | "first" | "last">;
  readonly kernel: ArchivedKernel | undefined;
  /** A frame from which on all are wanted; default the oldest retained. */
  readonly from?: number;
  readonly onProgress?: (frame: number, last: number) => void;
}

/** The retained frames of a chain from a frame on, with the newest checkpoint and one before the first frame. */
export async function* exportChain(
  world: Pick<World, "checkpoints" | "clock" | "log">,
  chain: Chain,
  options: ExportOptions,
): AsyncGenerator<Uint8Array> {
  const { last } = await chain.extent();
  const first = await firstOf(world, chain, options);
  const digest = sha256Stream();
  const put = (...parts: Uint8Array[]) => {
    for (const part of parts) digest.update(part);
    return parts;
  };
  const record = (kind: number, payload: Uint8Array) => put(head(kind, payload.length), payload);
  yield* put(MAGIC);
  const header: ArchiveHeader = { version: 1, chain: chain.name, ...options.header, first, last };
  yield* record(KIND.header, json(header));
  if (options.kernel) {
    yield* record(KIND.params, options.kernel.params);
    yield* record(KIND.wasm, options.kernel.wasm);
  }
  for (const manifest of await checkpointsFor(world, chain, header)) {
    yield* record(KIND.checkpoint, json(manifest));
    for (const part of manifest.parts) {
      const blob = await world.checkpoints.get(part.name);
      if (!blob) throw new Error(`Cannot export ${chain.name}: checkpoint part ${part.name} is missing`);
      for await (const bytes of blob) yield* record(KIND.chunk, bytes.slice()); // whoever writes it may be behind
    }
  }
  for await (const { frame, message } of walk(chain, { from: first }, last)) {
    yield* record(KIND.frame, message);
    options.onProgress?.(frame.number, last);
  }
  yield head(KIND.end, 32);
  yield digest.digest();
}

/** Frames begin right behind a checkpoint, or where the chain does: so that the state before them is known. */
async function firstOf(
  world: Pick<World, "checkpoints" | "log">,
  chain: Chain,
  { from = 1, header }: ExportOptions,
): Promise<number> {
  const { first } = await chain.extent();
  if (from <= first) return first;
  const before = (await manifests(world, chain.name)).find(({ frame, kernel }) =>
    kernel === header.kernel && frame < from && frame + 1 >= first
  );
  return before ? before.frame + 1 : first;
}

async function checkpointsFor(
  world: Pick<World, "checkpoints" | "log">,
  chain: Chain,
  { kernel, first, last }: ArchiveHeader,
): Promise<Manifest[]> {
  const all = (await manifests(world, chain.name)).filter((each) =>
    each.kernel === kernel && each.frame <= last
  );
  const newest = all.find(({ frame }) => frame >= first);
  // Without what came before, the frames need the state that they begin with.
  const before = first > 1 ? all.find(({ frame }) => frame < first) : undefined;
  return [...new Set([before, newest])].filter((each) => each !== undefined);
}

/** The records of an archive, whole: throws where bytes are missing, damaged or none of ours. */
export async function* readArchive(
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<ArchiveRecord> {
  const reader = new Reader(bytes);
  const magic = await reader.take(MAGIC.length).catch(() => undefined);
  if (!magic || !bytesEqual(magic, MAGIC)) {
    throw new Error("Cannot read the archive: it is not one of Millrace. Make one with `millrace export`.");
  }
  const digest = sha256Stream();
  digest.update(magic);
  let params: Uint8Array | undefined;
  while (true) {
    const top = await reader.take(5);
    const length = new DataView(top.buffer, top.byteOffset).getUint32(1, true);
    if (length > RECORD_BYTES_MAX) throw reader.damaged();
    const payload = await reader.take(length);
    if (top[0] === KIND.end) {
      if (!bytesEqual(payload, digest.digest())) throw reader.damaged();
      return;
    }
    digest.update(top);
    digest.update(payload);
    switch (top[0]) {
      case KIND.header:
        yield { kind: "header", header: JSON.parse(TEXT.decoder.decode(payload)) };
        break;
      case KIND.params:
        params = payload;
        break;
      case KIND.wasm:
        yield { kind: "kernel", kernel: { wasm: payload, params: params! } };
        break;
      case KIND.frame:
        yield { kind: "frame", message: payload };
        break;
      case KIND.checkpoint:
        yield { kind: "checkpoint", manifest: JSON.parse(TEXT.decoder.decode(payload)) };
        break;
      case KIND.chunk:
        yield { kind: "chunk", bytes: payload };
        break;
      default:
        throw reader.damaged();
    }
  }
}

export interface Imported {
  readonly header: ArchiveHeader;
  readonly chain: string;
  readonly kernel: ArchivedKernel | undefined;
  readonly checkpoints: readonly number[];
}

/**
 * Takes an archive into a ledger, as the chain it was or under another name. Frames keep their numbers and
 * their bytes, and each is checked before it is stored. Goes on where an import that was cut off ended.
 */
export async function importChain(
  world: Pick<World, "ledger" | "checkpoints" | "clock" | "log">,
  archive: AsyncIterable<ArchiveRecord>,
  options: { readonly as?: string; readonly onProgress?: (frame: number, last: number) => void } = {},
): Promise<Imported> {
  const records = archive[Symbol.asyncIterator]();
  const top = await records.next();
  if (top.done || top.value.kind !== "header") throw new Error("Cannot import: the archive has no header");
  const { header } = top.value;
  const name = options.as ?? header.chain;
  let kernel: ArchivedKernel | undefined;
  const checkpoints: number[] = [];
  const taking = await Taking.open(world, name, header);
  let next = await records.next();
  while (!next.done) {
    const record = next.value;
    next = await records.next();
    if (record.kind === "kernel") kernel = record.kernel;
    else if (record.kind === "frame") {
      const number = await taking.frame(record.message);
      options.onProgress?.(number, header.last);
    } else if (record.kind === "checkpoint") {
      // deno-lint-ignore no-inner-declarations
      async function* chunks() {
        for (; !next.done && next.value.kind === "chunk"; next = await records.next()) yield next.value.bytes;
      }
      const manifest = { ...record.manifest, chain: name };
      await saveParts(world, manifest, record.manifest.chain, chunks());
      checkpoints.push(manifest.frame);
    }
  }
  await taking.end();
  return { header, chain: name, kernel, checkpoints };
}

/** The frames of an import on their way into the ledger. */
class Taking {
  #next: number;
  #succession: Succession | undefined;
  #flying: Promise<void>[] = [];

  private constructor(
    private readonly chain: Chain,
    private readonly header: ArchiveHeader,
    /** Newest frame that the ledger holds already. */
    private readonly held: number,
  ) {
    this.#next = header.first;
    if (header.first === 1) this.#succession = new Succession(NO_CHAIN, 0);
  }

  static async open(world: Pick<World, "ledger">, name: string, header: ArchiveHeader): Promise<Taking> {
    const chain = await world.ledger.open(name, header.first);
    const { first, last } = await chain.extent();
    if (first !== header.first || last > header.last) {
      throw new Error(
        `Cannot import ${name}: ${world.ledger.name} holds it already, frames ${first} to ${last}. Take it in under ` +
          "another name (--as), or into another ledger.",
      );
    }
    return new Taking(chain, header, last);
  }

  async frame(message: Uint8Array): Promise<number> {
    const number = this.#next++;
    const where = `frame ${number} of the archive`;
    const frame = decodeFrame(message, where);
    if (frame.number !== number) {
      throw new BrokenFrame(`Cannot import ${where}: it says it is frame ${frame.number}`);
    }
    this.#succession ??= new Succession(frame.previous, frame.epoch);
    this.#succession.counts(frame, where);
    if (number <= this.held) {
      const there = await this.chain.get(number);
      if (there && bytesEqual(there, message)) return number;
      throw new Error(
        `Cannot import ${this.chain.name}: the ledger holds another frame ${number}. Take it in under another name ` +
          "(--as), or into another ledger.",
      );
    }
    if (this.#flying.length >= IN_FLIGHT_MAX) await this.#flying.shift();
    const stored = this.chain.append(number - 1, message).then((outcome) => {
      if (outcome.kind === "stored") return;
      const why = outcome.kind === "fenced"
        ? `somebody else appended (${outcome.detail})`
        : outcome.cause.message;
      throw new Error(
        `Cannot import frame ${number} of ${this.chain.name}: ${why}. Begin again: it goes on there.`,
      );
    });
    stored.catch(() => {});
    this.#flying.push(stored);
    return number;
  }

  async end(): Promise<void> {
    for (const stored of this.#flying) await stored;
    const { name } = this.chain;
    await this.chain.close();
    if (this.#next !== this.header.last + 1) {
      throw new Error(
        `Cannot import ${name}: the archive ends at frame ${this.#next - 1}, not ${this.header.last}`,
      );
    }
  }
}

function head(kind: number, length: number): Uint8Array {
  const bytes = new Uint8Array(5);
  bytes[0] = kind;
  new DataView(bytes.buffer).setUint32(1, length, true);
  return bytes;
}

function json(value: unknown): Uint8Array {
  return TEXT.encoder.encode(JSON.stringify(value));
}

/** Whole pieces of a stream. */
class Reader {
  readonly #source: AsyncIterator<Uint8Array>;
  #left: Uint8Array = new Uint8Array(0);
  #at = 0;

  constructor(bytes: AsyncIterable<Uint8Array>) {
    this.#source = bytes[Symbol.asyncIterator]();
  }

  damaged(): Error {
    return new Error(
      `Cannot read the archive: it is damaged or cut off at byte ${this.#at}. Export it again.`,
    );
  }

  async take(length: number): Promise<Uint8Array> {
    while (this.#left.length < length) {
      const { done, value } = await this.#source.next();
      if (done) throw this.damaged();
      const joined = new Uint8Array(this.#left.length + value.length);
      joined.set(this.#left);
      joined.set(value, this.#left.length);
      this.#left = joined;
    }
    const taken = this.#left.slice(0, length);
    this.#left = this.#left.subarray(length);
    this.#at += length;
    return taken;
  }
}
