/** What every presence must do, whatever carries it. That a killed process is gone: tests/integration/failover_test.ts. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, it } from "@std/testing/bdd";
import { systemClock } from "../../runtime/adapters/clock.ts";
import { natsLink } from "../../runtime/adapters/jetstream/connection.ts";
import { jetstreamPresence } from "../../runtime/adapters/jetstream/presence.ts";
import { sqlitePresence } from "../../runtime/adapters/sqlite/presence.ts";
import type { Presence } from "../../runtime/world/presence.ts";
import { startNats } from "../support/nats.ts";

const HEARTBEAT_MS = 20;
/** An answer is waited for so long: what is not there is told at once all the same. */
const WITHIN_MS = 30_000;
const clock = systemClock();

interface Place {
  /** As another process would have it. */
  open(): Promise<Presence>;
  remove(): Promise<void>;
}

presenceContract("sqlite", async () => {
  const folder = await mkdtemp(join(tmpdir(), "millrace-presence-"));
  return {
    open: () => Promise.resolve(sqlitePresence({ folder, clock })),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
});

describe("presence on sqlite", () => {
  it("holds nothing open where it cannot be shown, however often that is tried", async () => {
    const folder = await mkdtemp(join(tmpdir(), "millrace-presence-"));
    const presence = sqlitePresence({ folder, clock });
    const shown = await presence.show("a-0", 1, HEARTBEAT_MS);
    const holder = new DatabaseSync(join(folder, "owner-b-0-1.lock"));
    holder.exec("BEGIN EXCLUSIVE");
    await mkdir(join(folder, "owner-c-0-1.beat"));
    // Those of this folder alone. What else the process has open comes and goes with other tests, also while it is
    // listed: `ls` then says which it missed, and ends with 1.
    const open = () => {
      const { stdout } = spawnSync("ls", ["-l", `/proc/${process.pid}/fd`], { encoding: "utf8" });
      const files = stdout.split("\n").filter((line) => line.includes(folder));
      assert.notEqual(files.length, 0, "the one that is shown is not listed");
      return files.length;
    };
    const show = async (chain: string) => await presence.show(chain, 1, HEARTBEAT_MS);
    const before = open();
    for (let tries = 0; tries < 3; tries++) {
      await assert.rejects(show("b-0"), /locked/);
      await assert.rejects(show("c-0"), /EISDIR/);
    }
    assert.ok(open() < before + 3, `${open()} files are open, ${before} were`);
    holder.close();
    await shown.close();
    await rm(folder, { recursive: true });
  });
});

presenceContract("jetstream", async () => {
  const server = await startNats();
  const links: { close(): Promise<void> }[] = [];
  return {
    async open() {
      const link = await natsLink({ servers: server.url });
      links.push(link);
      return jetstreamPresence(link, "contract");
    },
    async remove() {
      for (const link of links) await link.close();
      await server.close();
    },
  };
});

function presenceContract(what: string, make: () => Promise<Place>): void {
  describe(`the presence contract on ${what}`, () => {
    let place: Place, owner: Presence, standby: Presence;
    before(async () => {
      place = await make();
      owner = await place.open();
      standby = await place.open();
    });
    after(() => place?.remove());

    it("sees an owner for as long as it shows itself, again and again", async () => {
      assert.equal(await standby.look("a-0", 1, WITHIN_MS), "gone");
      const shown = await owner.show("a-0", 1, HEARTBEAT_MS);
      for (let look = 0; look < 3; look++) {
        assert.equal(await standby.look("a-0", 1, WITHIN_MS), "alive");
        await clock.sleep(5 * HEARTBEAT_MS);
      }
      await shown.close();
      assert.equal(await standby.look("a-0", 1, WITHIN_MS), "gone");
    });

    it("tells epochs and chains apart", async () => {
      const shown = await owner.show("b-0", 1, HEARTBEAT_MS);
      assert.equal(await standby.look("b-0", 2, WITHIN_MS), "gone");
      assert.equal(await standby.look("b-1", 1, WITHIN_MS), "gone");
      const next = await owner.show("b-0", 2, HEARTBEAT_MS);
      await shown.close();
      assert.equal(await standby.look("b-0", 2, WITHIN_MS), "alive");
      assert.equal(await standby.look("b-0", 1, WITHIN_MS), "gone");
      await next.close();
    });

    it("lets many look at once", async () => {
      const shown = await owner.show("c-0", 1, HEARTBEAT_MS);
      const others = await Promise.all(Array.from({ length: 5 }, () => place.open()));
      const seen = await Promise.all(others.map((each) => each.look("c-0", 1, WITHIN_MS)));
      assert.deepEqual(seen, ["alive", "alive", "alive", "alive", "alive"]);
      await shown.close();
    });
  });
}
