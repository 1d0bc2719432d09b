/**
 * Disks that fail: full, read-only, and slow to sync, under the embedded ledger and under a real nats-server.
 * What was acknowledged stays, the error says what to do, and answers come again within ten seconds of relief,
 * without a restart. The disks are small file systems in memory; where none may be mounted the tests say so.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, statfsSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import process from "node:process";
import { describe, it } from "@std/testing/bdd";
import { seeded } from "../../actors/random.ts";
import { seedOf } from "../support/seed.ts";
import type { LedgerConfig } from "../../deploy/config.ts";
import { type NatsServer, startNats } from "../support/nats.ts";
import { amount, CONFIG, type Owner, System, type SystemOptions } from "./system.ts";

const ROUNDS = amount(1);
const DISK_BYTES = 48 << 20;
/** Answers must come again so soon after relief, beside what so many take on a sound disk on this machine. */
const RELIEF_MS_MAX = 10_000;
const seed = seedOf(process.env, 1);
const mounts = mountable();
const loops = mounts && hasLoops();
const why = mounts ? "" : ", skipped: this user may not mount a file system here";

describe(`a disk (seed ${seed}${why})`, { skip: !mounts }, () => {
  it("that is full under sqlite: nothing acknowledged is lost, answers come again within 10 s of relief", async () => {
    await onDisk("sqlite", {}, async (system, disk) => {
      for (let round = 0; round < ROUNDS; round++) {
        const usual = await took(() => system.answered(500));
        const ballast = disk.fill();
        await quiet(system);
        await system.says(/disk is full.*Free space on the disk/);
        const began = Date.now();
        ballast.remove();
        await system.answered(500);
        within(began, usual);
      }
    });
  });

  it("that is full under nats-server, which then needs a restart: nothing acknowledged is lost, answers come again", async () => {
    await onDisk("jetstream", {}, async (system, disk) => {
      for (let round = 0; round < ROUNDS; round++) {
        const usual = await took(() => system.answered(500));
        const ballast = disk.fill();
        await quiet(system);
        await system.says(/disk was full answers no appends until there is space and it is started again/);
        ballast.remove();
        await disk.server!.restart();
        const began = Date.now();
        await system.answered(500);
        within(began, usual);
      }
    });
  });

  it("that is read-only under sqlite: the start says so, and answers come again within 10 s of relief", async () => {
    await onDisk("sqlite", {}, async (system, disk) => {
      await system.kill();
      const usual = await took(async () => {
        await system.start();
        await system.answered(500);
      });
      await system.kill();
      disk.remount("ro");
      await assert.rejects(system.start(), /(readonly|read-only|unable to open).*Make .* writable/);
      disk.remount("rw");
      const began = Date.now();
      await system.start();
      await system.answered(500);
      within(began, usual);
    });
  });

  it(
    "that refuses writes in the middle under sqlite: answers come again within 10 s of relief, without a restart",
    {
      skip: !hasLimits(),
    },
    async () => {
      // A limit on the size of files that is lowered while the process runs, its signal ignored: every write fails.
      const through = ["sh", "-c", "trap '' XFSZ; exec \"$@\"", "sh"];
      await onDisk("sqlite", {}, async (system, _disk, owner) => {
        const limit = (bytes: string) =>
          execFileSync("prlimit", ["--pid", String(owner.pid), `--fsize=${bytes}:unlimited`]);
        for (let round = 0; round < ROUNDS; round++) {
          const usual = await took(() => system.answered(500));
          limit("0");
          await quiet(system);
          await system.says(/disk I\/O error \(.*\).*Look at the disk/);
          await system.says(/waits for its ledger/);
          const began = Date.now();
          limit("unlimited");
          await system.answered(500);
          within(began, usual);
        }
        assert.ok(owner.said().split("restarting partition").length < 20 * ROUNDS, "few restarts");
      }, { through });
    },
  );

  for (
    const [durability, told] of [
      ["process", /read-only file system.*Make .* writable.*must be unmounted/i],
      [
        "fsync",
        /Cannot sync the ledger's write-ahead log: .*then restart|read-only file system.*Make .* writable/i,
      ],
    ] as const
  ) {
    it(
      `whose file system turns read-only in the middle, under ${durability}: it is told, with the way on`,
      {
        skip: !loops,
      },
      async () => {
        const folder = mkdtempSync(join(tmpdir(), "millrace-disk-"));
        const image = `${folder}.img`;
        makeImage(image);
        mountImage(image, folder);
        const config = { ...CONFIG, logLevel: "warn", durability, ledger: "sqlite" } as const;
        const system = new System({ ...config, data: join(folder, "data") }, seeded(`turns ${seed}`));
        try {
          await system.start();
          await system.answered(500);
          breakFileSystem(image);
          await quiet(system);
          await system.says(told);
        } finally {
          await system.end();
          execFileSync("umount", ["-l", folder]);
          rmSync(folder, { recursive: true, force: true });
          rmSync(image, { force: true });
        }
      },
    );
  }

  it("that is synced on every append under jetstream: acknowledged means on disk, and the load goes on", async () => {
    await onDisk("jetstream", { durability: "fsync", natsSync: "always" }, async (system) => {
      await system.answered(2_000);
    });
  });
});

interface Disk {
  readonly folder: string;
  /** Takes all the space that is left. */
  fill(): { remove(): void };
  /** `ro` or `rw`; nobody may have files open on it. */
  remount(mode: "ro" | "rw"): void;
  readonly server: NatsServer | undefined;
}

async function onDisk(
  ledger: "sqlite" | "jetstream",
  config: Partial<LedgerConfig>,
  use: (system: System, disk: Disk, owner: Owner) => Promise<void>,
  options: SystemOptions = {},
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-disk-"));
  mount(folder);
  const data = join(folder, "data");
  mkdirSync(data);
  const syncInterval = config.natsSync === "always" ? "always" : undefined;
  const server = ledger === "jetstream"
    ? await startNats({
      storeDir: data,
      maxStoreBytes: DISK_BYTES * 4,
      ...(syncInterval ? { syncInterval } : {}),
    })
    : undefined;
  const where = server ? { natsUrl: server.url } : { data };
  const system = new System(
    { ...CONFIG, logLevel: "warn", ...config, ledger, ...where },
    seeded(`disk ${ledger} ${seed}`),
    options,
  );
  const disk: Disk = {
    folder,
    server,
    fill() {
      const ballast = join(folder, "ballast");
      const { bavail, bsize } = statfsSync(folder);
      const chunk = new Uint8Array(64 << 10);
      try {
        for (let left = bavail * bsize + chunk.length; left > 0; left -= chunk.length) {
          writeFileSync(ballast, chunk, { flag: "a" });
        }
      } catch {
        // Full, as it should be.
      }
      return { remove: () => rmSync(ballast, { force: true }) };
    },
    remount: (mode) => void execFileSync("mount", ["-o", `remount,${mode}`, folder], { stdio: "ignore" }),
  };
  try {
    const owner = await system.start();
    await use(system, disk, owner);
    rmSync(join(folder, "ballast"), { force: true });
    await system.settle();
  } finally {
    await system.kill();
    await server?.close();
    execFileSync("umount", ["-l", folder]);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Until no answer came for a while: the disk is felt. */
async function quiet(system: System): Promise<void> {
  const QUIET_MS = 1_000;
  for (let last = -1; last !== system.told.length;) {
    last = system.told.length;
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
  }
}

async function took(work: () => Promise<void>): Promise<number> {
  const began = Date.now();
  await work();
  return Date.now() - began;
}

/** A machine that is busy with other things is not so at the same pace: it may take twice the time. */
function within(began: number, usualMs: number): void {
  const ms = Date.now() - began;
  assert.ok(
    ms <= RELIEF_MS_MAX + 2 * usualMs,
    `answers came ${ms} ms after relief, usually in ${usualMs} ms`,
  );
}

function hasLimits(): boolean {
  try {
    execFileSync("prlimit", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

function makeImage(image: string): void {
  writeFileSync(image, "");
  truncateSync(image, DISK_BYTES);
  execFileSync("mkfs.ext4", ["-q", "-F", image], { stdio: "ignore" });
}

function mountImage(image: string, folder: string): void {
  execFileSync("mount", ["-o", "loop,errors=remount-ro", image, folder], { stdio: "ignore" });
}

/** What a file system does that meets an error of its own. Through tools: Deno lets a program touch /sys only with all rights. */
function breakFileSystem(image: string): void {
  const device = execFileSync("losetup", ["--noheadings", "--output", "NAME", "--associated", image], {
    encoding: "utf8",
  }).trim();
  execFileSync("sh", ["-c", `echo 1 > /sys/fs/ext4/${basename(device)}/trigger_fs_error`]);
}

function hasLoops(): boolean {
  const folder = mkdtempSync(join(tmpdir(), "millrace-mount-"));
  try {
    makeImage(`${folder}.img`);
    mountImage(`${folder}.img`, folder);
    execFileSync("umount", [folder]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
    rmSync(`${folder}.img`, { force: true });
  }
}

function mount(folder: string): void {
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${DISK_BYTES}`, "tmpfs", folder], { stdio: "ignore" });
}

function mountable(): boolean {
  const folder = mkdtempSync(join(tmpdir(), "millrace-mount-"));
  try {
    mount(folder);
    execFileSync("umount", [folder]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
