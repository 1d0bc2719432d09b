/** Archives of partitions as files: written through zstd, whole or not at all, and read back. */
import { createReadStream, createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline as flow } from "node:stream/promises";
import { createZstdCompress, createZstdDecompress } from "node:zlib";
import { type ArchiveRecord, readArchive } from "../runtime/checkpoint/archive.ts";
import { Problem } from "./command.ts";

export async function writeArchive(path: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  const unfinished = `${path}~`;
  try {
    await flow(Readable.from(bytes), createZstdCompress(), createWriteStream(unfinished));
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

export async function* openArchive(path: string): AsyncGenerator<ArchiveRecord> {
  const file = createReadStream(path);
  const unpacked = createZstdDecompress();
  const fed = flow(file, unpacked);
  fed.catch(() => {}); // told below, where it is read
  try {
    yield* readArchive(unpacked);
  } catch (cause) {
    const error = cause as Error & { code?: string };
    if (!/^(ENOENT|EACCES|EISDIR|Z|ERR_)/.test(error.code ?? "")) throw error;
    throw new Problem(`Cannot read the archive ${path}: ${error.message}. Export it again.`);
  } finally {
    file.destroy();
    unpacked.destroy();
  }
}
