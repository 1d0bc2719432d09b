/** The checkpoint contract on memory, files and JetStream, and what only files have to show. */
import { describe, it } from "@std/testing/bdd";
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../runtime/adapters/clock.ts";
import { fileCheckpoints } from "../../runtime/adapters/files/checkpoints.ts";
import { jetstreamCheckpoints } from "../../runtime/adapters/jetstream/checkpoints.ts";
import { natsLink } from "../../runtime/adapters/jetstream/connection.ts";
import { memoryCheckpoints } from "../../runtime/adapters/memory/checkpoints.ts";
import { systemRandom } from "../../runtime/adapters/random.ts";
import { startNats } from "../support/nats.ts";
import { checkpointContract } from "./checkpoints.ts";

const random = systemRandom();

checkpointContract("memory", () => {
  const blobs = new Map<string, Uint8Array>();
  return Promise.resolve({
    open: () => Promise.resolve(memoryCheckpoints({ clock: systemClock(), blobs })),
    remove: () => Promise.resolve(),
  });
});

checkpointContract("files", async () => {
  const folder = await mkdtemp(join(tmpdir(), "millrace-checkpoints-"));
  return {
    open: () => Promise.resolve(fileCheckpoints({ folder: join(folder, "made", "when", "needed"), random })),
    remove: () => rm(folder, { recursive: true }),
  };
});

checkpointContract("JetStream", async () => {
  const server = await startNats();
  const link = await natsLink({ servers: server.url });
  return {
    open: () => jetstreamCheckpoints({ link, prefix: "contract" }),
    async remove() {
      await link.close();
      await server.close();
    },
  };
});

describe("checkpoints in files", () => {
  it("takes no notice of what a crash left unfinished, and removes it before it writes", async () => {
    const folder = await mkdtemp(join(tmpdir(), "millrace-checkpoints-"));
    await mkdir(join(folder, "tally-0"));
    await writeFile(join(folder, "tally-0", "7.abc~"), "half a checkp");
    const store = fileCheckpoints({ folder, random });
    assert.deepEqual(await store.list(""), []);
    await store.put("tally-0/8", [new Uint8Array(10)]);
    assert.deepEqual(await readdir(join(folder, "tally-0")), ["8"]);
    await rm(folder, { recursive: true });
  });

  it("names the folder and the remedy when it cannot write", async () => {
    const folder = await mkdtemp(join(tmpdir(), "millrace-checkpoints-"));
    await writeFile(join(folder, "occupied"), "");
    const store = fileCheckpoints({ folder: join(folder, "occupied"), random });
    await assert.rejects(store.put("a", []), /Cannot write checkpoint a in .*occupied.*Check its disk/);
    await rm(folder, { recursive: true });
  });
});
