/** Checkpoints in a JetStream object store, beside the ledger's streams. */
import { type ObjectStore, Objm } from "@nats-io/obj";
import { StorageType } from "@nats-io/jetstream";
import type { CheckpointStore } from "../../world/checkpoints.ts";
import { checkBlobName, compareText } from "../names.ts";
import { type NatsLink, patiently } from "./connection.ts";

export interface JetStreamCheckpointsOptions {
  readonly link: NatsLink;
  /** As the ledger's. Default: main. */
  readonly prefix?: string;
  readonly replicas?: number;
}

const CHUNK_BYTES = 128 << 10;
const TIMEOUT_MS = 30_000;

export async function jetstreamCheckpoints(options: JetStreamCheckpointsOptions): Promise<CheckpointStore> {
  const { link } = options;
  const bucket = `MILLRACE_${options.prefix ?? "main"}_checkpoints`;
  const where = `${bucket} at ${options.link.name}`;
  const store = await attempt(
    link,
    `open the checkpoints ${where}`,
    () =>
      new Objm(options.link.js).create(bucket, {
        storage: StorageType.File,
        replicas: options.replicas ?? 1,
        description: "Millrace checkpoints",
      }),
  );
  return {
    async put(name, parts) {
      checkBlobName(name);
      const meta = { name, options: { max_chunk_size: CHUNK_BYTES } };
      await attempt(
        link,
        `put checkpoint ${name} in ${where}`,
        () => store.put(meta, streamOf(parts), { timeout: TIMEOUT_MS }),
        true,
      );
    },
    async get(name) {
      checkBlobName(name);
      const found = await attempt(link, `get checkpoint ${name} from ${where}`, () => store.get(name));
      return found ? partsOf(link, found, name, where) : undefined;
    },
    async list(prefix) {
      const all = await attempt(link, `list the checkpoints ${where}`, () => store.list());
      return all.filter((info) => !info.deleted && info.name.startsWith(prefix)).map((info) => info.name)
        .sort(compareText);
    },
    async delete(name) {
      checkBlobName(name);
      await attempt(link, `delete checkpoint ${name} from ${where}`, async () => {
        if (await store.info(name)) await store.delete(name);
      });
    },
  };
}

type Found = NonNullable<Awaited<ReturnType<ObjectStore["get"]>>>;

async function* partsOf(
  link: NatsLink,
  found: Found,
  name: string,
  where: string,
): AsyncIterable<Uint8Array> {
  const reader = found.data.getReader();
  try {
    for (;;) {
      const { done, value } = await attempt(
        link,
        `read checkpoint ${name} from ${where}`,
        () => reader.read(),
        true,
      );
      if (done) break;
      yield value;
    }
    // The digest is known to be right only once everything was read.
    const error = await found.error;
    if (error) {
      throw new Error(`Cannot read checkpoint ${name} from ${where}: ${error.message}`, { cause: error });
    }
  } finally {
    reader.releaseLock();
  }
}

function streamOf(parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = Symbol.asyncIterator in parts ? parts[Symbol.asyncIterator]() : parts[Symbol.iterator]();
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await iterator.next();
        if (done) controller.close();
        else controller.enqueue(value.slice());
      } catch (error) {
        controller.error(error);
      }
    },
  });
}

/** `once`: what cannot be repeated. */
async function attempt<T>(link: NatsLink, action: string, body: () => Promise<T>, once = false): Promise<T> {
  const ask = async () => {
    await link.ready();
    return await body();
  };
  try {
    return await (once ? ask() : patiently(ask));
  } catch (cause) {
    throw new Error(`Cannot ${action}: ${(cause as Error).message}`, { cause });
  }
}
