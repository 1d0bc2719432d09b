/** Events with an id that wait while the ledger is away: they are not applied when their id may be forgotten. */
import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import { tally } from "../../actors/tally/tally.ts";
import type { Outcome, Pipeline, Runtime, World } from "../../runtime/mod.ts";
import { withChains } from "../support/chains.ts";
import {
  describe as describeOutcome,
  keyBytes,
  memoryWorld,
  running,
  tallyEvent,
  tallyState,
  totals,
} from "../support/world.ts";

const WINDOW_MS = 600_000;
const MINUTE_MS = 60_000;

describe("a repeat that waits in a process", () => {
  for (const reply of ["durable", "early"] as const) {
    it(`longer than its id is remembered is not counted again, under ${reply} replies`, async () => {
      await withOutages({ reply }, async (runtime, world) => {
        assert.equal(totals(await submit(runtime, "pay-1")).count, 1n);
        while (!isDurable(runtime)) await world.clock.sleep(1);
        const repeat = await waiting(runtime, world, ["pay-1"]);
        world.later(WINDOW_MS + MINUTE_MS);
        world.away = false;
        const outcome = await repeat[0];
        assert.match(
          describeOutcome(outcome),
          /unknown: Cannot apply what waited in tally-0 for longer than 60 s/,
        );
        assert.equal(tallyState(await runtime.query("tally", keyBytes("k")))?.count, 1n);
      });
    });
  }

  it("for a while gets the first answer", async () => {
    await withOutages({}, async (runtime, world) => {
      await submit(runtime, "pay-1");
      const repeat = await waiting(runtime, world, ["pay-1"]);
      world.later(MINUTE_MS / 2);
      world.away = false;
      const outcome = await repeat[0];
      assert.deepEqual([outcome.kind, "duplicate" in outcome && outcome.duplicate], ["decided", true]);
    });
  });

  it("takes nothing else with it: what has no id, and what came later, is applied in order", async () => {
    await withOutages({}, async (runtime, world) => {
      await submit(runtime, "pay-1");
      const old = await waiting(runtime, world, ["pay-1", undefined, "pay-2", undefined]);
      world.later(2 * MINUTE_MS);
      const young = ["pay-3", undefined].map((id) => submit(runtime, id));
      world.away = false;
      const outcomes = await Promise.all([...old, ...young]);
      assert.deepEqual(outcomes.map(({ kind }) => kind), [
        "unknown",
        "decided",
        "unknown",
        "decided",
        "decided",
        "decided",
      ]);
      assert.deepEqual(
        outcomes.filter(({ kind }) => kind === "decided").map((each) => totals(each).count),
        [2n, 3n, 4n, 5n],
      );
    });
  });

  it("is let wait where ids are not remembered at all", async () => {
    await withOutages({ dedupe: { windowMs: 0, idsMax: 1 } }, async (runtime, world) => {
      const [event] = await waiting(runtime, world, ["pay-1"]);
      world.later(WINDOW_MS * 10);
      world.away = false;
      assert.equal((await event).kind, "decided");
    });
  });
});

interface Outages extends World {
  /** The ledger takes nothing. */
  away: boolean;
  /** Moves the clock forward. */
  later(ms: number): void;
}

async function withOutages(
  options: Partial<Pipeline>,
  use: (runtime: Runtime, world: Outages) => Promise<void>,
): Promise<void> {
  let offset = 0;
  const base = withChains(memoryWorld(), (chain) => ({
    append: (after, message) =>
      world.away
        ? Promise.resolve({ kind: "failed", cause: new Error("the ledger is away") })
        : chain.append(after, message),
  }));
  const world: Outages = {
    ...base,
    away: false,
    later: (ms) => void (offset += ms * 1000),
    clock: { ...base.clock, now: () => base.clock.now() + offset },
  };
  const dedupe = { windowMs: WINDOW_MS, idsMax: 1_000 };
  const topology = { pipelines: [{ ...tally, dedupe, ...options }] };
  await running(topology, world, (runtime) => use(runtime, world), {
    intensity: { restartsMax: 1_000, withinMs: 60_000 },
    backoff: { firstMs: 1, lastMs: 2 },
  });
}

/** Offered while the ledger is away, and felt to be: the partition restarts with them in its mailbox. */
async function waiting(
  runtime: Runtime,
  world: Outages,
  ids: readonly (string | undefined)[],
): Promise<Promise<Outcome>[]> {
  world.away = true;
  void submit(runtime, undefined, "other");
  while (runtime.status().partitions[0].state !== "restarting") await world.clock.sleep(1);
  return ids.map((id) => submit(runtime, id));
}

/** Beyond the epoch frame there is the event's. */
function isDurable(runtime: Runtime): boolean {
  return runtime.status().partitions[0].frame === 2;
}

function submit(runtime: Runtime, id: string | undefined, key = "k"): Promise<Outcome> {
  return runtime.submit("tally", tallyEvent(key, 1), id === undefined ? {} : { id });
}
