/**
 * What every sink must do. Each adapter's test calls this with a way to make an empty place for one.
 *
 * A place tells what a reader of it sees, so that the suite can hold it against what was committed: after
 * whatever failure, exactly the outputs before the position, and after going on, every output once.
 */
import { after, before, describe, it } from "@std/testing/bdd";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { tally } from "../../actors/tally/tally.ts";
import type { Output } from "../../runtime/mod.ts";
import {
  compareMarks,
  FIRST,
  type Sink,
  type SinkBatch,
  SinkFenced,
  type SinkMark,
  type Step,
} from "../../runtime/mod.ts";
import { keyText } from "../../runtime/output/identity.ts";
import { kept, memoryWorld, running, tallyEvent } from "../support/world.ts";
import { seeded } from "../../actors/random.ts";
import { seedOf } from "../support/seed.ts";

/** One output as a reader sees it. */
export interface Seen {
  readonly partition: number;
  readonly frame: number;
  readonly output: number;
  readonly key: string;
  readonly payload: string;
}

export interface SinkPlace {
  /** What is plain data, so that another process can open the same place (tests/contracts/sink_process.ts). */
  readonly config: unknown;
  /** A sink on this place; a second one sees what the first has committed. */
  open(step?: Step): Promise<Sink>;
  /** What a reader sees, in any order. */
  seen(): Promise<Seen[]>;
  remove(): Promise<void>;
}

export interface SinkKind {
  /** Whether a reader sees each output, or the newest of each key. */
  readonly rows: "output" | "key";
  /** The steps of a commit that a crash may fall before. */
  readonly steps: readonly string[];
  /**
   * Whether a commit that failed is wholly there or not at all. Where not (a web server), a part of it may be,
   * and is recognised when it comes again.
   */
  readonly atomic: boolean;
  make(): Promise<SinkPlace>;
}

const PIPELINE = "tally";

export function sinkContract(what: string, kind: SinkKind): void {
  describe(`the sink contract on ${what}`, () => {
    let place: SinkPlace;
    const sinks: Sink[] = [];
    const open = async (step?: Step) => {
      const sink = await place.open(step);
      sinks.push(sink);
      return sink;
    };
    const closeAll = async () => {
      for (const sink of sinks.splice(0)) await sink.close();
    };
    before(async () => void (place = await kind.make()));
    after(async () => {
      await closeAll();
      await place?.remove();
    });
    const fresh = async () => {
      await closeAll();
      await place.remove();
      place = await kind.make();
    };
    const shows = async (outputs: readonly Output[]) => {
      const wanted = kind.rows === "output" ? outputs : newestByKey(outputs);
      assert.deepEqual(sorted(await place.seen()), sorted(wanted.map(seen)));
    };

    it("holds nothing at first", async () => {
      const sink = await open();
      assert.equal(await sink.position(0), undefined);
      await shows([]);
    });

    it("holds a batch and its position together, also for whoever opens it next", async () => {
      const sink = await open();
      const [first, second] = batches(0, [1, 2]);
      await sink.commit(first);
      await sink.commit(second);
      await closeAll();
      assert.deepEqual(await (await open()).position(0), second.next);
      await shows([...first.outputs, ...second.outputs]);
    });

    it("keeps the positions of partitions apart, committed at the same time or not", async () => {
      await fresh();
      const sink = await open();
      const parts = [0, 1, 2].map((partition) => batches(partition, [1, 2, 3]));
      await Promise.all(parts.map(async (each) => {
        for (const batch of each) await sink.commit(batch);
      }));
      await closeAll();
      const again = await open();
      for (const partition of [0, 1, 2]) {
        assert.deepEqual(await again.position(partition), parts[partition].at(-1)!.next);
      }
      assert.equal(await again.position(3), undefined);
      await shows(parts.flat().flatMap(({ outputs }) => outputs));
    });

    it("refuses whoever does not know where it stands, and keeps nothing of theirs", async () => {
      await fresh();
      const stale = await open(), other = await open();
      const [first, second, third] = batches(0, [1, 2, 3]);
      assert.equal(await stale.position(0), undefined);
      await other.commit(first);
      const refused = {
        ...first,
        outputs: first.outputs.map((one) => ({ ...one, payload: bytes("stale") })),
      };
      await assert.rejects(stale.commit(refused), SinkFenced);
      await assert.rejects(other.commit(third), SinkFenced, "a gap");
      await assert.rejects(other.commit(first), SinkFenced, "a repeat");
      await other.commit(second);
      await shows([...first.outputs, ...second.outputs]);
    });

    it("has a batch once when two commit it at the same moment", async () => {
      await fresh();
      const [one, other] = [await open(), await open()];
      const [first, second] = batches(0, [1, 2]);
      for (const batch of [first, second]) {
        const settled = await Promise.allSettled([one, other].map((sink) => sink.commit(batch)));
        const refused = settled.filter((each) => each.status === "rejected");
        if (kind.atomic) assert.equal(refused.length, 1);
        for (const { reason } of refused) assert.ok(reason instanceof SinkFenced, String(reason));
      }
      await shows([...first.outputs, ...second.outputs]);
    });

    it("keeps a position without outputs, where it says that it can", async () => {
      await fresh();
      const sink = await open();
      if (!sink.keepsEmpty) return;
      const [first] = batches(0, [1]);
      await sink.commit(first);
      const empty = batchOf(0, first.next, [], { frame: 500, output: 0 });
      await sink.commit(empty);
      await closeAll();
      const again = await open();
      assert.deepEqual(await again.position(0), empty.next);
      const last = batchOf(0, empty.next, [made(0, 500, 0), made(0, 500, 1)]);
      await again.commit(last);
      await shows([...first.outputs, ...last.outputs]);
    });

    it("cuts a frame in two", async () => {
      await fresh();
      const sink = await open();
      const outputs = [0, 1, 2, 3].map((output) => made(0, 7, output));
      const half = { frame: 7, output: 2 };
      await sink.commit(batchOf(0, FIRST, outputs.slice(0, 2)));
      await closeAll();
      const again = await open();
      assert.deepEqual(await again.position(0), half);
      await again.commit(batchOf(0, half, outputs.slice(2)));
      await shows(outputs);
    });

    it("keeps any key and any payload byte for byte", async () => {
      await fresh();
      const sink = await open();
      const keys = ["plain", "ü 漢", "a%b", "a\0b", "tab\t", "quote'\"", "../x", "x".repeat(200)].map(bytes);
      keys.push(Uint8Array.of(0xff, 0xfe), Uint8Array.of(0));
      const payloads = [
        new Uint8Array(0),
        new Uint8Array(256).map((_, i) => i),
        new Uint8Array(100_000).fill(7),
      ];
      const outputs = keys.map((key, output) => ({
        ...made(0, 1, output),
        key,
        payload: payloads[output % payloads.length],
      }));
      await sink.commit(batchOf(0, FIRST, outputs));
      await shows(outputs);
    });

    it("takes a batch as large as it asks for", async () => {
      await fresh();
      const sink = await open();
      const outputs = Array.from({ length: sink.bounds.outputsMax }, (_, output) => made(0, 1, output));
      await sink.commit(batchOf(0, FIRST, outputs));
      await shows(outputs);
    });

    for (const step of kind.steps) {
      it(`loses and doubles nothing when it fails before "${step}"`, async () => {
        await fresh();
        const all = batches(0, [1, 2, 3]);
        await (await open()).commit(all[0]);
        await closeAll();
        let failed = false;
        const failing = await open((name) => {
          if (name !== step || failed) return;
          failed = true;
          throw new Error(`failed before ${step}`);
        });
        await assert.rejects(failing.commit(all[1]), new RegExp(`failed before ${step}`));
        await closeAll();
        const position = (await (await open()).position(0))!;
        const done = all.filter(({ next }) => compareMarks(next, position) <= 0);
        assert.ok(done.length === 1 || done.length === 2);
        if (kind.atomic) await shows(done.flatMap(({ outputs }) => outputs));
        await goOn(await open(), all);
        await shows(all.flatMap(({ outputs }) => outputs));
      });

      it(`loses and doubles nothing when its process is killed before "${step}"`, async () => {
        await fresh();
        const all = batches(0, [1, 2, 3, 4]);
        const code = await inProcess({
          place: place.config,
          batches: all.length,
          killBefore: step,
          killAfter: 1,
        });
        assert.equal(code, "SIGKILL");
        const position = await (await open()).position(0) ?? FIRST;
        const done = all.filter(({ next }) => compareMarks(next, position) <= 0);
        if (kind.atomic) await shows(done.flatMap(({ outputs }) => outputs));
        await closeAll();
        assert.equal(await inProcess({ place: place.config, batches: all.length }), 0);
        await shows(all.flatMap(({ outputs }) => outputs));
      });
    }

    it("has every output of a running pipeline once, though it fails again and again", async () => {
      await fresh();
      const seed = seedOf(process.env, 1);
      console.log(`    MILLRACE_SEED=${seed}`);
      const random = seeded(seed);
      const store = kept();
      const topology = { pipelines: [{ ...tally, partitions: 2 }] };
      let budget = 30;
      const step: Step = () => {
        if (budget > 0 && random.int(0, 9) === 0) throw new Error(`failure ${budget--}`);
      };
      const open = async () => inSmallBatches(await place.open(step));
      const spec = { name: "under-test", pipeline: PIPELINE, open };
      const options = { sinks: [spec], backoff: { firstMs: 1, lastMs: 5 } };
      const outputs: Output[] = [];
      for (let life = 0; life < 2; life++) {
        const world = memoryWorld(store);
        await running(topology, world, async (runtime) => {
          // Several at once share a frame, which is then cut in several batches.
          for (let sent = 0; sent < 120;) {
            const burst = Math.min(120 - sent, random.int(1, 12));
            const events = Array.from({ length: burst }, () => tallyEvent(`k${sent++ % 7}`, 1));
            await Promise.all(events.map((event) => runtime.submit(PIPELINE, event)));
          }
          const behind = () => runtime.status().sinks![0].partitions.some((each) => each.lagFrames > 0);
          for (let i = 0; behind(); i++) {
            if (i > 24_000) {
              throw new Error(`the sink does not catch up: ${JSON.stringify(runtime.status().sinks)}`);
            }
            await world.clock.sleep(5);
          }
          if (life === 0) return;
          const stop = new AbortController();
          for await (const output of runtime.outputs(PIPELINE, "start", stop.signal)) {
            outputs.push({ ...output, payload: output.payload.slice(), key: output.key.slice() });
            if (outputs.length === 240) stop.abort();
          }
        }, options);
      }
      assert.equal(outputs.length, 240);
      await shows(outputs);
    });
  });
}

function inSmallBatches(sink: Sink): Sink {
  return {
    name: sink.name,
    bounds: { ...sink.bounds, outputsMax: 3 },
    keepsEmpty: sink.keepsEmpty,
    position: (partition) => sink.position(partition),
    commit: (batch) => sink.commit(batch),
    close: () => sink.close(),
  };
}

/** Commits what the sink does not have yet, from where it stands. */
export async function goOn(sink: Sink, all: readonly SinkBatch[]): Promise<void> {
  let after = await sink.position(all[0].partition) ?? FIRST;
  const from = after;
  for (const batch of all) {
    const outputs = batch.outputs.filter((output) => compareMarks(markOf(output), from) >= 0);
    if (outputs.length === 0) continue;
    await sink.commit({ ...batch, after, outputs });
    after = batch.next;
  }
}

function markOf({ position, output }: Output): SinkMark {
  return { frame: position.frame, output };
}

/** One batch a frame, of a few outputs each, keys coming again. */
export function batches(partition: number, frames: readonly number[]): SinkBatch[] {
  return frames.map((frame, at) => {
    const outputs = Array.from({ length: 5 }, (_, output) => made(partition, frame, output));
    const after = at === 0 ? FIRST : { frame: frames[at - 1], output: 5 };
    return batchOf(partition, after, outputs);
  });
}

function batchOf(
  partition: number,
  after: SinkMark,
  outputs: Output[],
  next: SinkMark = behind(outputs.at(-1)!),
): SinkBatch {
  return { partition, after, next, outputs };
}

function behind({ position, output }: Output): SinkMark {
  return { frame: position.frame, output: output + 1 };
}

function made(partition: number, frame: number, output: number): Output {
  return {
    position: { partition, frame, event: output },
    output,
    channel: 0,
    key: bytes(`k${partition}.${(frame + output) % 4}`),
    payload: bytes(`payload ${partition}.${frame}.${output}`),
  };
}

/** Opens the place in a process of its own that commits, and is killed by itself where it is told. */
async function inProcess(order: unknown): Promise<number | string> {
  const file = fileURLToPath(new URL("./sink_process.ts", import.meta.url));
  const deno = "Deno" in globalThis ? ["run", "--allow-all", "--quiet"] : [];
  const child = spawn(process.execPath, [...deno, file, JSON.stringify(order)], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  return await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => resolve(signal ?? code ?? -1));
  });
}

function seen({ position, output, key, payload }: Output): Seen {
  const { partition, frame } = position;
  return { partition, frame, output, key: keyText(key), payload: payloadText(payload) };
}

export function payloadText(payload: Uint8Array): string {
  return payload.length > 1000
    ? `${payload.length} bytes, sum ${payload.reduce((sum, byte) => sum + byte, 0)}`
    : Array.from(payload, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function newestByKey(outputs: readonly Output[]): Output[] {
  return [...new Map(outputs.map((output) => [keyText(output.key), output])).values()];
}

function sorted(all: readonly Seen[]): Seen[] {
  return [...all].sort((a, b) =>
    a.partition - b.partition || a.frame - b.frame || a.output - b.output || (a.key < b.key ? -1 : 1)
  );
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
