/** The checkpoint contract on memory, files and JetStream, and what only files have to show. */
import { describe, it } from "@std/testing/bdd";
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, symlink, utimes, writeFile } from "node:fs/promises";
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
  it("takes no notice of what a crash left unfinished, and removes it once nobody can be writing it", async () => {
    const folder = await mkdtemp(join(tmpdir(), "millrace-checkpoints-"));
    await mkdir(join(folder, "tally-0"));
    const [left, fresh] = ["7.abc~", "7.xyz~"].map((name) => join(folder, "tally-0", name));
    for (const file of [left, fresh]) await writeFile(file, "half a checkp");
    const hoursAgo = new Date(Date.now() - 2 * 3_600_000);
    await utimes(left, hoursAgo, hoursAgo);
    const store = fileCheckpoints({ folder, random });
    assert.deepEqual(await store.list(""), []);
    await store.put("tally-0/8", [new Uint8Array(10)]);
    assert.deepEqual((await readdir(join(folder, "tally-0"))).sort(), ["7.xyz~", "8"]);
    await rm(folder, { recursive: true });
  });

  it("leaves alone what another writer of the folder is about to finish", async () => {
    const folder = await mkdtemp(join(tmpdir(), "millrace-checkpoints-"));
    const [one, other] = [fileCheckpoints({ folder, random }), fileCheckpoints({ folder, random })];
    async function* slowly() {
      yield new Uint8Array(10);
      await other.put("tally-0/8", [new Uint8Array(10)]);
      yield new Uint8Array(10);
    }
    await one.put("tally-0/7", slowly());
    assert.deepEqual((await readdir(join(folder, "tally-0"))).sort(), ["7", "8"]);
    await rm(folder, { recursive: true });
  });

  it("writes again once the folder can be read again", async () => {
    const above = await mkdtemp(join(tmpdir(), "millrace-checkpoints-"));
    const folder = join(above, "round-and-round");
    await symlink("round-and-round", folder);
    const store = fileCheckpoints({ folder, random });
    await assert.rejects(store.put("tally-0/7", [new Uint8Array(10)]), /Cannot write checkpoint tally-0\/7/);
    await rm(folder);
    await store.put("tally-0/7", [new Uint8Array(10)]);
    assert.deepEqual(await store.list(""), ["tally-0/7"]);
    await rm(above, { recursive: true });
  });

  it("names the folder and the remedy when it cannot write", async () => {
    const folder = await mkdtemp(join(tmpdir(), "millrace-checkpoints-"));
    await writeFile(join(folder, "occupied"), "");
    const store = fileCheckpoints({ folder: join(folder, "occupied"), random });
    await assert.rejects(store.put("a", []), /Cannot write checkpoint a in .*occupied.*Check its disk/);
    await rm(folder, { recursive: true });
  });
});
