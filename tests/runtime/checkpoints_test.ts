/** A checkpoint is of the life that began it: what a partition remembers after a restart has no place in it. */
import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import { tallyThatTraps } from "../../actors/tally/tally.ts";
import type { World } from "../../runtime/mod.ts";
import { withChains } from "../support/chains.ts";
import { type Kept, kept, memoryWorld, running, tallyEvent } from "../support/world.ts";

const topology = { pipelines: [tallyThatTraps("poison")] };
const MOST = 2n ** 63n - 1n;

describe("a checkpoint", () => {
  it("is not finished with what the life after it has restored so far: dead letters would be missing", async () => {
    const place = kept();
    const { world, held } = holding(place);
    await running(topology, world, async (runtime) => {
      await runtime.submit("tally", tallyEvent("a", 1));
      await runtime.submit("tally", tallyEvent("a", MOST - 1n));
      await until(() => manifestsOf(place) === 1);
      // The second one has its dead letter, and is held up when its part is read back.
      held.parts = true;
      assert.equal((await runtime.submit("tally", tallyEvent("a", 1))).kind, "rejected");
      while (held.waiting.parts === 0) {
        await runtime.submit("tally", tallyEvent("b", 1)); // the first one may not have come to its end
        await turns(5);
      }
      // The partition restarts from the first one, and comes no further for now.
      held.reads = true;
      let answer = "";
      runtime.submit("tally", tallyEvent("b", 1, "poison")).then(({ kind }) => (answer = kind));
      await until(() => held.waiting.reads > 0);
      held.parts = false;
      held.let.parts();
      await turns(20);
      held.puts = true;
      held.reads = false;
      held.let.reads();
      await until(() => answer !== "");
      assert.equal(answer, "rejected");
    }, { checkpointEvents: 2 });
    await running(topology, memoryWorld(place), async (runtime) => {
      const frames = (await runtime.deadLetters("tally")).map(({ position }) => position.frame);
      assert.equal(frames.length, 2);
    });
  });
});

const manifestsOf = ({ blobs }: Kept) => [...blobs.keys()].filter((name) => name.endsWith(".json")).length;

/** A world whose reads of new parts and of frames can be held up, and whose checkpoints can be refused. */
function holding(place: Kept) {
  const inner = memoryWorld(place);
  const known = new Set<string>();
  const gate = { parts: () => {}, reads: () => {} };
  const held = {
    parts: false,
    reads: false,
    puts: false,
    replays: false,
    waiting: { parts: 0, reads: 0 },
    let: { parts: () => gate.parts(), reads: () => gate.reads() },
  };
  const wait = (what: "parts" | "reads") => {
    held.waiting[what]++;
    return new Promise<void>((resolve) => {
      const before = gate[what];
      gate[what] = () => (before(), resolve());
    });
  };
  const reading = withChains(inner, (chain) => ({
    append: (after, message) => {
      held.replays = held.reads; // whoever takes over appends; what it reads then it replays
      return chain.append(after, message);
    },
    async *read(from, to) {
      if (held.reads && held.replays) await wait("reads");
      yield* chain.read(from, to);
    },
  }));
  const world: World = {
    ...reading,
    checkpoints: {
      ...inner.checkpoints,
      put: (name, parts) => {
        if (!held.parts) known.add(name);
        return held.puts
          ? Promise.reject(new Error("the store is full"))
          : inner.checkpoints.put(name, parts);
      },
      get: async (name) => {
        if (held.parts && !known.has(name) && !name.endsWith(".json")) await wait("parts");
        return await inner.checkpoints.get(name);
      },
    },
  };
  return { world, held };
}

const TURN_MS = 1, TURNS_MAX = 5_000;

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, TURN_MS));
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await turn();
}

async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < TURNS_MAX && !holds(); i++) await turn();
  assert(holds(), "it never came to it");
}
