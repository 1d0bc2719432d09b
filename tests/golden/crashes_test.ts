import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import { encodeEvent } from "../../actors/nexmark/gen/nexmark_wire.ts";
import { queries } from "../../actors/nexmark/queries.ts";
import { type Runtime, start } from "../../runtime/mod.ts";
import { type Kept, kept, memoryWorld } from "../support/world.ts";
import { buildOf, type Built } from "./declared.ts";
import { expectedRows, oracleEvents, oracleQueries, writtenRows } from "./nexmark.ts";
import { rowsOf } from "./nexmark_rows.ts";
import { standing } from "./standing.ts";

const out = new Uint8Array(4096);
const PAYLOADS = oracleEvents().map((event) => out.slice(0, encodeEvent(event, out, 0)));
/** Events between two checkpoints: most lives begin behind one, with frames to replay. */
const CHECKPOINT_EVENTS = 7;

describe("RisingWave's answers, of an engine whose owner is replaced without a word behind every event", () => {
  for (const query of oracleQueries()) {
    it(`${query}: behind each, one life after another`, async () => {
      const built = await buildOf(queries[query]), files = kept(), lives: Runtime[] = [];
      for (const payload of PAYLOADS) {
        const runtime = await open(built, files);
        lives.push(runtime);
        assert.equal((await runtime.submit(built.pipeline.name, payload)).kind, "applied");
      }
      lives.push(await open(built, files));
      await ended(lives.at(-1)!, built);
      assert.deepEqual(writtenRows(rowsOf(query, await standing(built, files))), expectedRows(query));
      for (const life of lives) await life.stop();
    });

    it(`${query}: behind any one of them, with frames of several events under way`, async () => {
      const built = await buildOf(queries[query]);
      for (let crash = 0; crash < PAYLOADS.length; crash++) {
        const files = kept(), first = await open(built, files);
        await Promise.all(PAYLOADS.slice(0, crash).map((each) => first.submit(built.pipeline.name, each)));
        const second = await open(built, files);
        await Promise.all(PAYLOADS.slice(crash).map((each) => second.submit(built.pipeline.name, each)));
        await ended(second, built);
        assert.deepEqual(
          writtenRows(rowsOf(query, await standing(built, files))),
          expectedRows(query),
          `behind event ${crash}`,
        );
        await first.stop();
        await second.stop();
      }
    });
  }
});

async function open({ pipeline, wasm }: Built, files: Kept): Promise<Runtime> {
  const runtime = await start({ pipelines: [pipeline] }, memoryWorld(files), new AbortController().signal, {
    kernels: () => Promise.resolve(wasm),
    checkpointEvents: CHECKPOINT_EVENTS,
  });
  await runtime.ready;
  return runtime;
}

async function ended(runtime: Runtime, { pipeline }: Built): Promise<void> {
  await runtime.mark(pipeline.name, {});
  await runtime.settled(pipeline.name);
  assert.equal(runtime.status().partitions[0].counts.late, 0);
}
