/**
 * Damaged files: bits flipped and ends cut off in SQLite's database and log, in checkpoints, in JetStream's
 * block and index files. Whatever is damaged, it is either harmless or mended (everything acknowledged is
 * there, and proves), or told, by name and with the way on; never silently less. MILLRACE_LONG=1000 damages
 * that many of each.
 */
import assert from "node:assert/strict";
import {
  closeSync,
  cpSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import process from "node:process";
import { describe, it } from "@std/testing/bdd";
import { tally } from "../../actors/tally/tally.ts";
import { type Seeded, seeded } from "../../actors/random.ts";
import { seedOf } from "../support/seed.ts";
import type { LedgerConfig } from "../../deploy/config.ts";
import { readKernel } from "../../deploy/kernels.ts";
import { openWorld } from "../../deploy/world.ts";
import { natsLink } from "../../runtime/adapters/jetstream/connection.ts";
import { kernelParams, loadKernel, type Runtime, start, verifyChain } from "../../runtime/mod.ts";
import { startNats } from "../support/nats.ts";
import { tallyEvent, tallyState } from "../support/world.ts";
import { amount, CONFIG } from "./system.ts";

const CASES = { sqlite: amount(24), checkpoints: amount(8), jetstream: amount(12) };
const EVENTS = 400;
const seed = seedOf(process.env, 1);
const topology = { pipelines: [tally] };
/** What a message about damage must hold: where, and the way on. */
const NAMES_IT = /tally-0|ledger\.db/;
const WAY_ON = /[Rr]estore|another data folder|export/;

type Verdict = "sound" | "told";

describe(`damaged files (seed ${seed})`, () => {
  it(`of SQLite, ${CASES.sqlite} times: mended or told`, async () => {
    const random = seeded(`corrupt sqlite ${seed}`);
    const template = await sqliteTemplate();
    try {
      const verdicts: Verdict[] = [];
      for (let i = 0; i < CASES.sqlite; i++) {
        const copy = mkdtempSync(join(tmpdir(), "millrace-damaged-"));
        try {
          cpSync(template, copy, { recursive: true });
          const files = filesOf(copy, (name) => /ledger\.db(-wal)?$/.test(name));
          const what = damage(random.pick(files), random);
          verdicts.push(await judge({ ...CONFIG, ledger: "sqlite", data: copy }, what));
        } finally {
          rmSync(copy, { recursive: true, force: true });
        }
      }
      assert.ok(verdicts.includes("told"), "some damage was to be seen");
    } finally {
      rmSync(template, { recursive: true, force: true });
    }
  });

  it(`of checkpoints, ${CASES.checkpoints} times: passed over, state comes from the ledger`, async () => {
    const random = seeded(`corrupt checkpoints ${seed}`);
    const template = await sqliteTemplate();
    try {
      for (let i = 0; i < CASES.checkpoints; i++) {
        const copy = mkdtempSync(join(tmpdir(), "millrace-damaged-"));
        try {
          cpSync(template, copy, { recursive: true });
          const files = filesOf(copy, (name) => name.startsWith("checkpoints"));
          const what = damage(random.pick(files), random);
          assert.equal(await judge({ ...CONFIG, ledger: "sqlite", data: copy }, what), "sound", what);
        } finally {
          rmSync(copy, { recursive: true, force: true });
        }
      }
    } finally {
      rmSync(template, { recursive: true, force: true });
    }
  });

  it(`of JetStream, ${CASES.jetstream} times: mended or told`, async () => {
    const random = seeded(`corrupt jetstream ${seed}`);
    const template = await jetstreamTemplate();
    const verdicts: Verdict[] = [];
    try {
      for (let i = 0; i < CASES.jetstream; i++) {
        const storeDir = mkdtempSync(join(tmpdir(), "millrace-damaged-"));
        cpSync(template, storeDir, { recursive: true });
        const files = filesOf(
          storeDir,
          (name) => /tally-0\/.*(\.blk|index\.db|meta\.inf|meta\.sum)$/.test(name),
        );
        const what = damage(random.pick(files), random);
        const server = await startNats({ storeDir });
        try {
          verdicts.push(await judge({ ...CONFIG, ledger: "jetstream", natsUrl: server.url }, what));
        } finally {
          await server.close();
          rmSync(storeDir, { recursive: true, force: true });
        }
      }
    } finally {
      rmSync(template, { recursive: true, force: true });
    }
    assert.ok(verdicts.includes("sound"), "an index is rebuilt from the blocks");
  });
});

/** A folder as a kill -9 leaves it: acknowledged frames in the database and in the log, checkpoints beside. */
async function sqliteTemplate(): Promise<string> {
  const data = mkdtempSync(join(tmpdir(), "millrace-template-"));
  const copy = mkdtempSync(join(tmpdir(), "millrace-template-"));
  const config = { ...CONFIG, ledger: "sqlite", data } as LedgerConfig;
  await write(config); // closed well: all of it is in the database
  await write(config, () => cpSync(data, copy, { recursive: true }));
  rmSync(data, { recursive: true, force: true });
  return copy;
}

/** A server's files as a kill -9 leaves them, with frames that no checkpoint covers. */
async function jetstreamTemplate(): Promise<string> {
  const copy = mkdtempSync(join(tmpdir(), "millrace-template-"));
  const server = await startNats();
  try {
    await write({ ...CONFIG, ledger: "jetstream", natsUrl: server.url }, async () => {
      await server.kill();
      cpSync(server.storeDir, copy, { recursive: true });
      await server.restart();
    });
    return copy;
  } finally {
    await server.close();
  }
}

/** Writes EVENTS events, each acknowledged; `before` is called with all of them acknowledged, before the end. */
async function write(
  config: LedgerConfig,
  before: () => void | Promise<void> = () => {},
): Promise<void> {
  const world = await openWorld(config);
  const runtime = await begin(world);
  await runtime.ready;
  for (let i = 0; i < EVENTS; i += 4) {
    await Promise.all(
      [0, 1, 2, 3].map((each) => runtime.submit("tally", tallyEvent(`k${(i + each) % 7}`, 1))),
    );
  }
  if (config.ledger === "jetstream") await noted(config, runtime.status().partitions[0].frame);
  await before();
  await runtime.stop();
  await world.close();
}

/** Until the ledger has noted that this frame was acknowledged, which it puts off a little. */
async function noted({ natsUrl, prefix }: LedgerConfig, frame: number): Promise<void> {
  const link = await natsLink({ servers: natsUrl });
  try {
    const query = { last_by_subj: `millrace.acknowledged.${prefix}.tally-0` };
    const note = () => link.jsm.streams.getMessage(`MILLRACE-ACKNOWLEDGED_${prefix}`, query);
    for (let waits = 0; Number((await note().catch(() => null))?.string() ?? 0) < frame; waits++) {
      assert.ok(waits < 6_000, `frame ${frame} is never noted`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  } finally {
    await link.close();
  }
}

function begin(world: Awaited<ReturnType<typeof openWorld>>): Promise<Runtime> {
  return start(topology, world, new AbortController().signal, {
    kernels: readKernel,
    checkpointEvents: 100,
    intensity: { restartsMax: 3, withinMs: 60_000 },
    backoff: { firstMs: 1, lastMs: 5 },
  });
}

/** Whether all that was acknowledged is there and proves, or something was said about what is not. */
async function judge(config: LedgerConfig, what: string): Promise<Verdict> {
  const events = config.ledger === "sqlite" ? 2 * EVENTS : EVENTS;
  let world: Awaited<ReturnType<typeof openWorld>>;
  try {
    world = await openWorld(config);
  } catch (error) {
    return told(error as Error, what);
  }
  try {
    const runtime = await begin(world);
    const failure = await Promise.race([
      runtime.ready.then(() => undefined, (error: Error) => error),
      runtime.ended.then((error) => error ?? new Error("it ended")),
      failed(runtime),
    ]);
    if (failure) {
      await runtime.stop();
      return told(failure, what);
    }
    let count = 0n;
    for (let key = 0; key < 7; key++) {
      const state = await runtime.query("tally", new TextEncoder().encode(`k${key}`));
      count += tallyState(state)?.count ?? 0n;
    }
    await runtime.stop();
    assert.equal(count, BigInt(events), `${what}: it serves, and silently has less`);
    const module = await loadKernel("tally", await readKernel("tally"), kernelParams(tally));
    const { findings } = await verifyChain(await world.ledger.open("tally-0"), module);
    // What recovery did not need to read may be damaged still: then verify tells.
    for (const { detail } of findings) assert.match(detail, NAMES_IT, what);
    return findings.length > 0 ? "told" : "sound";
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error;
    return told(error as Error, what);
  } finally {
    await world.close().catch(() => {});
  }
}

function told(error: Error, what: string): Verdict {
  assert.match(error.message, /Cannot /, what);
  assert.match(error.message, NAMES_IT, what);
  assert.match(error.message, WAY_ON, `${what}: ${error.message}`);
  if (process.env.MILLRACE_SAY) console.log(`${what}: ${error.message}`);
  return "told";
}

async function failed(runtime: Runtime): Promise<Error> {
  while (true) {
    const down = runtime.status().partitions.find(({ state }) => state === "failed");
    if (down) return new Error(down.lastError);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Flips a bit, or cuts the end off. Says which. */
function damage(path: string, random: Seeded): string {
  const { size } = statSync(path);
  const at = random.int(0, Math.max(0, size - 1));
  if (random.chance(0.5)) {
    truncateSync(path, at);
    return `${path} cut off at ${at} of ${size}`;
  }
  const descriptor = openSync(path, "r+");
  const byte = new Uint8Array(1);
  readSync(descriptor, byte, 0, 1, at);
  byte[0] ^= 1 << random.int(0, 7);
  writeSync(descriptor, byte, 0, 1, at);
  closeSync(descriptor);
  return `${path} bit flipped at ${at} of ${size}`;
}

function filesOf(folder: string, wanted: (name: string) => boolean): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => wanted(relative(folder, path)) && statSync(path).size > 0)
    .sort();
}
