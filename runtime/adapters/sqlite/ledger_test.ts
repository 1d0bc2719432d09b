import { describe, it } from "@std/testing/bdd";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import {
  copyFileSync,
  fsync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import {
  appendAll,
  collect,
  ledgerContract,
  message,
  numbers,
  stored,
} from "../../../tests/contracts/ledger.ts";
import type { Durability, Ledger } from "../../world/ledger.ts";
import { systemClock } from "../clock.ts";
import { sqliteLedger } from "./ledger.ts";

const PROFILES: Durability[] = ["process", "bounded", "fsync"];

for (const durability of PROFILES) {
  ledgerContract(`SQLite, ${durability}`, () => {
    const folder = mkdtempSync(join(tmpdir(), "millrace-sqlite-"));
    const opened: Ledger[] = [];
    return Promise.resolve({
      async open() {
        const ledger = await sqliteLedger({ folder, durability, clock: systemClock() });
        opened.push(ledger);
        return ledger;
      },
      // Nothing is flushed or closed; what a real kill leaves behind is tested below, with a process.
      crash: () => Promise.resolve(),
      async remove() {
        for (const ledger of opened) await ledger.close();
        rmSync(folder, { recursive: true });
      },
    });
  });
}

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-sqlite-"));
  try {
    await body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const clock = systemClock();

describe("the SQLite ledger", () => {
  it("refuses quorum-fsync and names the way out", async () => {
    await inFolder(async (folder) => {
      await assert.rejects(
        sqliteLedger({ folder, durability: "quorum-fsync", clock }),
        /Cannot give durability quorum-fsync with SQLite.*Choose fsync, or a JetStream/,
      );
    });
  });

  it("gives nothing more once a sync has failed, and when it is opened anew writes what its log holds", async () => {
    await inFolder(async (folder) => {
      let fails = false;
      const ledger = await sqliteLedger({
        folder,
        durability: "fsync",
        clock,
        sync: (descriptor, done) =>
          fails ? done(new Error("EIO: i/o error, fsync")) : fsync(descriptor, done),
      });
      const chain = await ledger.open("a");
      assert.equal((await chain.append(0, message(1))).kind, "stored");
      fails = true;
      assert.equal((await chain.append(1, message(2))).kind, "unknown");
      fails = false;
      // It could be read, from memory; and would be gone with it.
      await assert.rejects(chain.extent(), /Cannot read the extent.*Cannot sync.*EIO.*then restart/);
      await assert.rejects(chain.get(2), /Cannot sync/);
      const refused = await chain.append(2, message(3));
      assert.deepEqual([refused.kind, refused.kind === "failed" && refused.lasting], ["failed", true]);

      const anew = await sqliteLedger({ folder, durability: "fsync", clock });
      const alone = join(folder, "alone");
      mkdirSync(alone);
      copyFileSync(join(folder, "ledger.db"), join(alone, "ledger.db")); // without the log
      const read = await sqliteLedger({ folder: alone, clock });
      assert.equal((await (await read.open("a")).extent()).last, 2);
      for (const each of [read, anew, ledger]) await each.close();
    });
  });

  it("refuses a database of another program", async () => {
    await inFolder(async (folder) => {
      const other = new DatabaseSync(join(folder, "ledger.db"));
      other.exec("CREATE TABLE theirs (a)");
      other.close();
      await assert.rejects(sqliteLedger({ folder, clock }), /it is not a Millrace ledger. Choose another/);
    });
  });

  it("refuses a ledger that a newer version wrote, and leaves it as it is", async () => {
    await inFolder(async (folder) => {
      await (await sqliteLedger({ folder, clock })).close();
      const newer = new DatabaseSync(join(folder, "ledger.db"));
      newer.exec("PRAGMA user_version = 7");
      newer.close();
      const before = readFileSync(join(folder, "ledger.db"));
      await assert.rejects(sqliteLedger({ folder, clock }), /a newer Millrace wrote it \(schema 7.*Upgrade/);
      assert.deepEqual(readFileSync(join(folder, "ledger.db")), before);
    });
  });

  it("names the file and the remedy when it is no database at all", async () => {
    await inFolder(async (folder) => {
      writeFileSync(join(folder, "ledger.db"), "this was never a database\n".repeat(1000));
      await assert.rejects(
        sqliteLedger({ folder, clock }),
        /Cannot open the ledger .*ledger\.db.*not a database.*is damaged.*restore it from a backup/,
      );
    });
  });

  it("says so when the data folder cannot be made", async () => {
    await inFolder(async (folder) => {
      writeFileSync(join(folder, "occupied"), "");
      await assert.rejects(
        sqliteLedger({ folder: join(folder, "occupied", "data"), clock }),
        /Cannot open the ledger/,
      );
    });
  });

  it("fails appends on a full disk without losing any before, and goes on when there is space again", async () => {
    await inFolder(async (folder) => {
      const ledger = await sqliteLedger({ folder, clock });
      const chain = await ledger.open("full-0");
      await appendAll(chain, 1, 10);
      const { database } = ledger as unknown as { database: DatabaseSync };
      const pages = Number(database.prepare("PRAGMA page_count").get()!.page_count);
      // SQLite's own way to run out of space, at the same place and with the same error as a full disk.
      database.exec(`PRAGMA max_page_count = ${pages + 1}`);
      const large = new Uint8Array(1 << 20);
      const outcomes = await Promise.all([chain.append(10, large), chain.append(11, message(12))]);
      const later = await chain.append(12, message(13));
      for (const outcome of [...outcomes, later]) {
        assert.equal(outcome.kind, "failed");
        assert.match(outcome.kind === "failed" ? outcome.cause.message : "", /disk is full.*Free space/);
      }
      assert.deepEqual(await chain.extent(), { first: 1, last: 10 });
      database.exec("PRAGMA max_page_count = 4294967294");
      await appendAll(chain, 11, 20);
      assert.deepEqual(await collect(chain.read(1)), numbers(1, 20).map(stored));
      await ledger.close();
    });
  });

  it("fails appends to a read-only database with the remedy", async () => {
    await inFolder(async (folder) => {
      const ledger = await sqliteLedger({ folder, clock });
      const chain = await ledger.open("readonly-0");
      await appendAll(chain, 1, 1);
      const { database } = ledger as unknown as { database: DatabaseSync };
      database.exec("PRAGMA query_only = 1");
      const outcome = await chain.append(1, message(2));
      assert.equal(outcome.kind, "failed");
      assert.match(outcome.kind === "failed" ? outcome.cause.message : "", /readonly.*writable/);
      assert.deepEqual(await chain.get(1), message(1));
      await ledger.close();
    });
  });

  it("throws on reading damaged pages, and names the file", async () => {
    await inFolder(async (folder) => {
      const ledger = await sqliteLedger({ folder, clock });
      await appendAll(await ledger.open("damaged-0"), 1, 5000);
      await ledger.close();
      const file = join(folder, "ledger.db");
      const bytes = readFileSync(file);
      // Everything but the file's header and the schema's pages.
      bytes.fill(0xa5, 3 * 8192);
      writeFileSync(file, bytes);
      const damaged = await sqliteLedger({ folder, clock });
      await assert.rejects(async () => {
        const chain = await damaged.open("damaged-0");
        await collect(chain.read(1));
      }, /Cannot .*ledger\.db.*malformed.*is damaged/);
      await damaged.close();
    });
  });

  it("keeps its write-ahead log bounded under continuous appends, and loses nothing by it", async () => {
    await inFolder(async (folder) => {
      const walBytes = 1 << 20;
      const ledger = await sqliteLedger({ folder, clock, walBytes });
      const chain = await ledger.open("wal-0");
      const body = new Uint8Array(100_000).fill(7);
      const count = 600;
      for (let i = 0; i < count; i += 4) {
        const outcomes = await Promise.all([0, 1, 2, 3].map((k) => chain.append(i + k, body)));
        for (const outcome of outcomes) assert.equal(outcome.kind, "stored");
      }
      const size = statSync(join(folder, "ledger.db-wal")).size;
      assert.ok(size < walBytes * 16, `the log has ${size} bytes after ${count * body.length} written`);
      assert.deepEqual(await chain.extent(), { first: 1, last: count });
      assert.deepEqual(await chain.get(count), body);
      await ledger.close();
    });
  });

  it("serves a second process's writes and fences the first, and the other way about", async () => {
    await inFolder(async (folder) => {
      const ledger = await sqliteLedger({ folder, clock });
      const chain = await ledger.open("shared-0");
      await appendAll(chain, 1, 3);
      const other = writer(folder, "shared-0", "process", 5);
      await other.ended;
      const { last } = await chain.extent();
      assert.equal(last, 8);
      assert.equal((await chain.append(3, message(4))).kind, "fenced");
      assert.equal((await chain.append(8, message(9))).kind, "stored");
      await ledger.close();
    });
  });

  for (const durability of PROFILES) {
    it(`has everything it acknowledged after kill -9, ${durability}`, async () => {
      await inFolder(async (folder) => {
        const victim = writer(folder, "killed-0", durability, Infinity);
        await victim.reached(500);
        victim.process.kill("SIGKILL");
        await victim.ended;
        const ledger = await sqliteLedger({ folder, durability, clock });
        const chain = await ledger.open("killed-0");
        const { first, last } = await chain.extent();
        assert.equal(first, 1);
        assert.ok(last >= victim.acknowledged(), `${last} stored, ${victim.acknowledged()} acknowledged`);
        assert.deepEqual(await collect(chain.read(1)), numbers(1, last).map(stored));
        assert.equal((await chain.append(last, message(last + 1))).kind, "stored");
        await ledger.close();
      });
    });
  }
});

/** Another process of the same runtime that appends behind what is there and prints what was acknowledged. */
function writer(folder: string, chain: string, durability: Durability, count: number) {
  const script = fileURLToPath(new URL("../../../tests/support/sqlite_writer.ts", import.meta.url));
  const runtime = "Deno" in globalThis ? ["run", "--allow-all", "--no-check"] : ["run"];
  const args = [...runtime, script, folder, chain, durability, String(count)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  let acknowledged = 0;
  let wake: (() => void) | undefined;
  let rest = "";
  child.stdout.on("data", (chunk: Uint8Array) => {
    const lines = (rest + new TextDecoder().decode(chunk)).split("\n");
    rest = lines.pop()!;
    if (lines.length > 0) acknowledged = Number(lines[lines.length - 1]);
    wake?.();
  });
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
  return {
    process: child,
    ended,
    acknowledged: () => acknowledged,
    async reached(sequence: number) {
      while (acknowledged < sequence) {
        const over = await Promise.race([
          ended.then(() => true),
          new Promise<boolean>((resolve) => wake = () => resolve(false)),
        ]);
        if (over) throw new Error(`the writer ended at ${acknowledged}, before ${sequence}`);
      }
    },
  };
}
