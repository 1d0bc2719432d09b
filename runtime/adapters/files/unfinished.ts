/**
 * What stores of files have in common: a file is written under another name, which says that it is not finished,
 * and gets its own when it is whole and synced.
 */
import { open, rm, stat } from "node:fs/promises";

/** Ends the names of files not finished yet. */
export const UNFINISHED = "~";
/** An unfinished file nobody wrote to for so long is one that a crash left behind. */
const ABANDONED_MS = 600_000;

/** Removes of these files what a crash left behind; others may be another writer's: an owner on its way out, say. */
export async function removeAbandoned(files: readonly string[]): Promise<void> {
  for (const file of files) {
    if (!file.endsWith(UNFINISHED)) continue;
    const found = await stat(file).catch(absent);
    if (found && Date.now() - found.mtimeMs > ABANDONED_MS) await rm(file, { force: true });
  }
}

/** A name is in its folder once that was synced. */
export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** For what may not be there. */
export function absent(error: { code?: string }): undefined {
  if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
  throw error;
}
