/**
 * Checkpoints as files in a folder. A blob appears under its name by a rename, after its bytes were synced, so
 * that whatever happens on the way it is there whole or not at all.
 */
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import type { CheckpointStore } from "../../world/checkpoints.ts";
import type { Random } from "../../world/random.ts";
import { checkBlobName, compareText } from "../names.ts";
import { absent, removeAbandoned, syncFolder, UNFINISHED } from "./unfinished.ts";

export interface FileCheckpointsOptions {
  readonly folder: string;
  readonly random: Random;
}

const PART_BYTES = 1 << 20;

export function fileCheckpoints(options: FileCheckpointsOptions): CheckpointStore {
  const { folder, random } = options;
  const fileOf = (name: string) => {
    checkBlobName(name);
    return join(folder, ...name.split("/"));
  };
  const attempt = async <T>(action: string, body: () => Promise<T>): Promise<T> => {
    try {
      return await body();
    } catch (cause) {
      const why = (cause as Error).message;
      throw new Error(`Cannot ${action} in ${folder}: ${why}. Check its disk's space and permissions.`, {
        cause,
      });
    }
  };
  // Once: while this process lives, nothing is left behind.
  let swept: Promise<void> | undefined;
  const sweep = async () => {
    try {
      await removeAbandoned(await walk(folder));
    } catch (error) {
      swept = undefined; // with the next one
      throw error;
    }
  };
  return {
    put(name, parts) {
      const file = fileOf(name);
      return attempt(`write checkpoint ${name}`, async () => {
        await (swept ??= sweep());
        // A `~` cannot be in a blob's name.
        await write(folder, file, `${file}.${random.id()}${UNFINISHED}`, parts);
      });
    },
    get(name) {
      const file = fileOf(name);
      return attempt(`read checkpoint ${name}`, async () => {
        const found = await stat(file).catch(absent);
        return found?.isFile() ? partsOf(file) : undefined;
      });
    },
    list(prefix) {
      return attempt("list checkpoints", async () => {
        const files = (await walk(folder)).filter((file) => !file.endsWith(UNFINISHED));
        const names = files.map((file) => relative(folder, file).split(sep).join("/"));
        return names.filter((name) => name.startsWith(prefix)).sort(compareText);
      });
    },
    delete(name) {
      const file = fileOf(name);
      return attempt(`delete checkpoint ${name}`, () => rm(file, { force: true }));
    },
  };
}

async function write(
  folder: string,
  file: string,
  unfinished: string,
  parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  try {
    const handle = await open(unfinished, "wx");
    try {
      for await (const part of parts) await writeAll(handle, part);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(unfinished, file);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
  // The name is in its folder, and a folder just made is in the one above: up to the root of the store.
  for (let path = dirname(file);; path = dirname(path)) {
    await syncFolder(path);
    if (path.length <= folder.length || dirname(path) === path) return;
  }
}

/** One buffer for all of them: fresh memory for each would cost more than the reading. */
async function* partsOf(file: string): AsyncGenerator<Uint8Array> {
  const handle = await open(file, "r");
  try {
    const part = new Uint8Array(PART_BYTES);
    for (;;) {
      const { bytesRead } = await handle.read(part, 0, part.length, null);
      if (bytesRead === 0) return;
      yield part.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

async function writeAll(handle: Awaited<ReturnType<typeof open>>, part: Uint8Array): Promise<void> {
  for (let at = 0; at < part.length;) at += (await handle.write(part, at, part.length - at)).bytesWritten;
}

async function walk(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(absent) ?? [];
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}
