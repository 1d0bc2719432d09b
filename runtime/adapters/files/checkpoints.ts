/**
 * Checkpoints as files in a folder. A blob is written beside its place, synced, and renamed into it, so that
 * it is there whole or not at all, also after a power loss.
 */
import { mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { CheckpointStore } from "../../world/checkpoints.ts";
import { checkBlobName, compareText } from "../names.ts";

/** Bytes read in one go. */
const CHUNK_BYTES = 1024 * 1024;
const UNFINISHED = ".unfinished";

export function fileCheckpoints(folder: string): CheckpointStore {
  const place = (name: string) => {
    checkBlobName(name);
    return join(folder, name);
  };
  return {
    async put(name, parts) {
      const path = place(name);
      await mkdir(dirname(path), { recursive: true });
      const beside = path + UNFINISHED;
      try {
        await write(beside, parts);
        await rename(beside, path);
        await syncFolder(dirname(path));
      } catch (cause) {
        await rm(beside, { force: true }).catch(() => {});
        throw new Error(`Cannot store checkpoint ${path}: ${(cause as Error).message}`, { cause });
      }
    },
    async get(name) {
      const path = place(name);
      const file = await open(path, "r").catch((cause) => {
        if (cause.code === "ENOENT") return undefined;
        throw new Error(`Cannot read checkpoint ${path}: ${cause.message}`, { cause });
      });
      return file && chunks(file);
    },
    async list(prefix) {
      return (await walk(folder, "")).filter((name) => name.startsWith(prefix)).sort(compareText);
    },
    async delete(name) {
      await rm(place(name), { force: true });
    },
  };
}

type File = Awaited<ReturnType<typeof open>>;

async function write(path: string, parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
  const file = await open(path, "w");
  try {
    for await (const part of parts) {
      for (let at = 0; at < part.length;) at += (await file.write(part, at)).bytesWritten;
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

async function* chunks(file: File): AsyncGenerator<Uint8Array> {
  try {
    while (true) {
      const buffer = new Uint8Array(CHUNK_BYTES);
      const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

/** Makes the rename itself durable. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function walk(folder: string, prefix: string): Promise<string[]> {
  const entries = await readdir(join(folder, prefix), { withFileTypes: true }).catch((cause) => {
    if (cause.code === "ENOENT") return [];
    throw new Error(`Cannot list checkpoints in ${join(folder, prefix)}: ${cause.message}`, { cause });
  });
  const names: string[] = [];
  for (const entry of entries) {
    const name = prefix === "" ? entry.name : `${prefix}/${entry.name}`;
    if (entry.isDirectory()) names.push(...await walk(folder, name));
    else if (!name.endsWith(UNFINISHED)) names.push(name);
  }
  return names;
}
